"""Export to TensorFlow Lite Micro: C++ sources and their check."""
