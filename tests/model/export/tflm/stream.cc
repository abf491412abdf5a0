// The samples of samples.bin through the engine step to denoised.bin, and the half widths of the
// error band to error.bin, float32 in mV.
#include <cstdio>

#include "denoiser.h"

int main() {
  std::FILE* const samples = std::fopen("samples.bin", "rb");
  std::FILE* const denoised = std::fopen("denoised.bin", "wb");
  std::FILE* const widths = std::fopen("error.bin", "wb");
  static ecgstream::Denoiser denoiser;
  float sample, out[ecgstream::kHop], error[ecgstream::kHop];
  while (std::fread(&sample, sizeof sample, 1, samples) == 1) {
    const int n = denoiser.push(sample, out, error);
    if (n < 0) return 1;
    std::fwrite(out, sizeof sample, static_cast<std::size_t>(n), denoised);
    std::fwrite(error, sizeof sample, static_cast<std::size_t>(n), widths);
  }
  return std::fclose(denoised) + std::fclose(widths);
}
