// As much of TFLM as network.cc names, with its signatures, to compile against.
#pragma once

enum TfLiteStatus { kTfLiteOk, kTfLiteError };

namespace tflite {

class MicroOpResolver {};

template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  TfLiteStatus AddAdd();
  TfLiteStatus AddConcatenation();
  TfLiteStatus AddConv2D();
  TfLiteStatus AddFullyConnected();
  TfLiteStatus AddLogistic();
  TfLiteStatus AddMaxPool2D();
  TfLiteStatus AddMean();
  TfLiteStatus AddMul();
  TfLiteStatus AddReshape();
  TfLiteStatus AddStridedSlice();
};

}  // namespace tflite
