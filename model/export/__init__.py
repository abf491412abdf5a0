"""Export of trained networks: TFLite in every precision, C++ for microcontrollers."""
