// As much of TFLM as network.cc names, with its signatures, to compile against.
#pragma once

namespace tflite {

struct Model;
const Model* GetModel(const void* content);

}  // namespace tflite
