"""A small study file, and every mistake that one may hold with its message."""

STUDY = """\
title: A small study
task: {name: circles, samples: 1000, train: 500, noise: 0.1, factor: 0.8, scale: [-1, 1]}
factors:
  depth: 1-3
  width: [5, 25]
  activation: {tanh: tanh, ReLU: relu}
  initializer: {He: he_uniform, Xavier: glorot_uniform}
  optimizer: {SGD: {class_name: SGD, config: {learning_rate: 0.01, momentum: 0.9}}}
training: {epochs: 20, batch_size: 32}
seeds: 3
log: {probe_epochs: [0, 5, 20], test_every: 10}
outcome: {learned_above: 0.7}
contrasts:
  - {factor: initializer, reference: Xavier}
two_by_two: {activation: [tanh, ReLU], initializer: [Xavier, He]}
"""

# a case a line: what is replaced in STUDY, by what, the key that the message names, a part of it
_CASES = r"""
seeds: 3 | sedes: 3 | sedes | unknown key; did you mean 'seeds'?
batch_size | batchsize | training.batchsize | did you mean 'batch_size'?
reference | referense | contrasts (entry 1).referense | did you mean 'reference'?
noise | nois | task.nois | unknown key; did you mean 'noise'?
outcome: {learned_above: 0.7}\n | | outcome | is missing
1-3 | 0 | factors.depth | must be between 1 and 1000, not 0
1-3 | 0-3 | factors.depth | must be between 1 and 1000, not 0
1-3 | 1-x | factors.depth | a range such as 1-20 or 0-500/10, or a list of these, not '1-x'
1-3 | 4-3 | factors.depth | runs backwards: write 3-4
1-3 | 1-3/0 | factors.depth | the range 1-3/0 has the step 0
1-3 | 1-999999999 | factors.depth | must be between 1 and 1000, not 999999999
[5, 25] | [-5] | factors.width | must be between 1 and 4096, not -5
[5, 25] | [5, 25, 5] | factors.width | 5 is listed twice
1-3 | [1-3, 2] | factors.depth | 2 is listed twice
1-3 | 2.5 | factors.depth | must be a whole number
1-3 | true | factors.depth | not true
[5, 25] | [] | factors.width | is empty
{tanh: tanh, ReLU: relu} | {} | factors.activation | has no level
{tanh: tanh, ReLU: relu} | | factors.activation | must be a mapping of keys to values, not nothing
{tanh: tanh, ReLU: relu} | [tanh, relu] | factors.activation | not a list
tanh: tanh | tanh: tahn | factors.activation.tanh | did you mean 'tanh'?
tanh: tanh | s: softmax | factors.activation.s | it mixes the units
he_uniform | he_unifrm | factors.initializer.He | did you mean 'he_uniform'?
class_name: SGD | class_name: SDG | factors.optimizer.SGD | did you mean 'SGD'?
he_uniform | he | factors.initializer.He | did you mean 'he_normal' or 'he_uniform'? allowed:
he_uniform | xavier | factors.initializer.He | did you mean 'glorot_uniform'? allowed:
learning_rate | lr | factors.optimizer.SGD | SGD.lr: unknown key; did you mean 'learning_rate'?
momentum | momentun | factors.optimizer.SGD | SGD.momentun: unknown key; did you mean 'momentum'?
momentum | clipnorm | factors.optimizer.SGD | SGD.clipnorm is refused
0.01 | small | factors.optimizer.SGD | must be a number, not 'small'
ReLU: relu | Tanh: tanh | factors.activation | 'tanh' and 'Tanh' are the same
ReLU: relu | tanh: relu | line 6, column 28 | found duplicate key "tanh"
ReLU: relu | 1: relu | line 6, column 28 | a key must be text: quote it
ReLU: relu | ' x': relu | factors.activation | 1 to 40 printable characters
name: circles | name: circle | task.name | 'circle' is not known; did you mean 'circles'?
name: circles | name: [circles] | task.name | a list is not known; did you mean
name: circles, | | task.name | is missing
{name: circles, samples: 1000 | [{name: circles, samples: 1000 | line | column
train: 500 | train: 1000 | task.train | must be at most samples, 1000, with fresh rows
[-1, 1] | [1, -1] | task.scale | must be [low, high]
noise: 0.1 | noise: little | task.noise | must be a number, not 'little'
[-1, 1] | [-1, 1e999] | task.scale (entry 2) | must be a finite number
[-1, 1] | [-1, .nan] | task.scale (entry 2) | must be a finite number
noise: 0.1 | noise: -0.1 | task.noise | must be at least 0, not -0.1
epochs: 20 | epochs: 0 | training.epochs | must be at least 1, not 0
epochs: 20 | epochs: '20' | training.epochs | must be a whole number, not '20'
batch_size: 32 | batch_size: 501 | training.batch_size | at most the training rows, 500, not 501
seeds: 3 | seeds: 0 | seeds | the number of seeds must be between 1 and 100000, not 0
seeds: 3 | seeds: 99999999999999999999 | seeds | between 1 and 100000, not 99999999999999999999
seeds: 3 | seeds: [0, -1] | seeds | must be between 0 and 2147483647, not -1
seeds: 3 | seeds: [0, 1, 0] | seeds | 0 is listed twice
seeds: 3 | seeds: 3\nstreams: share | streams | 'share' is not known; did you mean 'shared'?
seeds: 3 | seeds: true | seeds | not true
seeds: 3 | seeds: 0-999999999 | seeds | has 1000000000 entries, more than 100000
seeds: 3 | seeds: 100000 | factors | 24 cells x 100,000 seeds are 2,400,000 runs
[0, 5, 20] | [5, 20] | log.probe_epochs | must contain 0, the state before training
[0, 5, 20] | [0, 5] | log.probe_epochs | must contain 20, the last epoch
[0, 5, 20] | [0, 5, 20, 21] | log.probe_epochs | 21 is beyond the last epoch, 20
test_every: 10 | test_every: 0 | log.test_every | must be at least 1, not 0
test_every: 10 | test_every: 9, mini_batches: {last: 0} | log.mini_batches.last | not contain 0
test_every: 10 | test_every: 9, mini_batches: {next: 21} | log.mini_batches.next | 21 is beyond the
0.7 | 1.2 | outcome.learned_above | must be below 1, not 1.2
0.7} | 0.7, reference: a} | outcome.reference | 'a' is not an arm
0.7} | 0.7, reference: b}\narms: {a: {depth: 1}, b: {}} | outcome.reference | 'b' has 24
factor: initializer | factor: initialiser | contrasts (entry 1).factor | did you mean 'initializer'?
Xavier} | xavier} | contrasts (entry 1).reference | of initializer; did you mean 'Xavier'?
Xavier} | true} | contrasts (entry 1).reference | must be a level of the factor, not true
initializer, reference: Xavier | optimizer, reference: SGD | contrasts | has only one level
Xavier} | Xavier}\n  - {factor: initializer, reference: Xavier} | contrasts | is listed twice
[Xavier, He] | [Xavier, he] | two_by_two.initializer | not a level of initializer; did you mean 'He'
[Xavier, He] | [He, He] | two_by_two.initializer | 'He' is listed twice
[Xavier, He] | [He] | two_by_two.initializer | is missing
, initializer: [Xavier, He] | | two_by_two | must have two factors with two levels each, not 1
initializer: [Xavier, He] | depth: [1, 2] | two_by_two.depth | not known
seeds: 3 | seeds: 3\narms: {a: {depth: 1}, b: {}, c: {depth: [1]}} | arms.c | same networks as
seeds: 3 | seeds: 3\narms: {a: {depth: 4}} | arms.a.depth | 4 is not a level of depth; allowed:
seeds: 3 | seeds: 3\narms: {a: {depth: [1, 2]}} | factors.depth | no arm has the level 3: drop it
A small study | A study: small | line 1, column 15 | quote a text that has one
1-3\n  width | 1-3\n\twidth | line 5, column 1 | indent with blanks
1-3\n  width | 1-3\n    width | line 5, column | indent the keys of one mapping
1-3 | [1-3 | line | a closing bracket is missing
title: A small study | title: "A\tB" | title | must be one line of printable text
factors: | factors: [ | line | column
[5, 25] | &loop [*loop] | holds a value | contains itself
[5, 25] | !!python/object:os.system {} | line 5 | could not determine a constructor
A small study | 2020-01-01 | holds a value | not text, a number, a list or a mapping
"""


def _cases() -> dict[str, tuple[str, ...]]:
    """Return the cases by a name each."""
    text = _CASES.strip("\n")
    lines = [line.replace(r"\n", "\n").replace(r"\t", "\t").split("|") for line in text.split("\n")]
    cases = [tuple(part.strip(" ") for part in parts) for parts in lines]
    return {f"{old} -> {new}": (old, new, key, message) for old, new, key, message in cases}


MISTAKES = _cases()
