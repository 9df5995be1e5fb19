"""The command `vgstudy` with all its commands, in the order in which its help lists them."""

from vgstudy import user_commands as user_commands
from vgstudy import workflow_commands as workflow_commands
from vgstudy.terminal import app as app
