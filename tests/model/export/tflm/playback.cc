// In place of TFLM: gives the answers of answers.bin, each with the size of its error if the model
// tells it, one after the other, and keeps what the network was shown in shown.bin.
#include <cstdio>

#include "denoiser.h"

namespace ecgstream {

bool denoise_window(const std::int8_t* window, const std::int8_t* context, std::int8_t* answer,
                    std::int8_t* error) {
  static std::FILE* const answers = std::fopen("answers.bin", "rb");
  static std::FILE* const shown = std::fopen("shown.bin", "wb");
  std::fwrite(window, 1, kWindow, shown);
  std::fwrite(context, 1, kFrames, shown);
  const std::size_t sizes = kTellsError ? kSizes : 0;
  return std::fread(answer, 1, kWindow, answers) == kWindow &&
         std::fread(error, 1, sizes, answers) == sizes;
}

}  // namespace ecgstream
