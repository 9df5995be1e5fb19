"""Data that Keras downloads on first use."""

from vgstudy.config.mnist import is_absent
from vgstudy.data import mnist
from vgstudy.errors import UserError


def fetch_mnist() -> None:
    """Let Keras download MNIST, unless a file is named or kept.

    Raises
    ------
    UserError
        If it cannot be downloaded, or the file is not MNIST.
    """
    if not is_absent():
        mnist.check()
        return
    from keras.datasets.mnist import load_data  # takes seconds to import, and is not needed again

    try:
        load_data()
    except Exception as error:  # whatever Keras and the network raise
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"MNIST cannot be downloaded: {reason}; {mnist.REMEDY}") from None
