"""The model and the engine step as C++ for TensorFlow Lite Micro; `device` holds what is fixed."""
