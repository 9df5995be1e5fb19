"""Tables as TensorBoard's event files, written without TensorFlow."""
