#include "trainer/error_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>

namespace stemma {

namespace {

using Parts = std::span<const std::string_view>;

// In lower case. Memory comes first: "CUDA error: out of memory" leaves a context that can be used.
constexpr std::array<std::string_view, 14> out_of_memory{"out of memory",
                                                         "out_of_memory",
                                                         "can't allocate memory",
                                                         "cannot allocate memory",
                                                         "not enough memory",
                                                         "alloc_failed",
                                                         "allocation_failed",
                                                         "cudaerrormemoryallocation",
                                                         "resource_exhausted",
                                                         "std::bad_alloc",
                                                         "out_of_device_memory",
                                                         "out_of_host_memory",
                                                         "pi_error_out_of_resources",
                                                         "ur_result_error_out_of_resources"};
constexpr std::array<std::string_view, 2> misuse{"cudnn_status_not_supported", "cudnn_status_bad_param"};
constexpr std::array<std::string_view, 14> device{"cuda error",         "cuda driver error",
                                                  "cuda failure",       "cuda_error_",
                                                  "device-side assert", "hip error",
                                                  "cudnn error",        "cudnn_status_",
                                                  "cublas_status_",     "cusolver error",
                                                  "nccl error",         "an illegal memory access was encountered",
                                                  "native api failed",  "level_zero backend failed"};

bool has_any(const std::string& text, Parts parts) {
    return std::ranges::any_of(parts, [&](auto part) { return text.find(part) != std::string::npos; });
}

}  // namespace

FailureKind kind_of_text(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    if (has_any(lower, out_of_memory)) return FailureKind::out_of_memory;
    if (has_any(lower, device) && !has_any(lower, misuse)) return FailureKind::device;
    return FailureKind::exception;
}

}  // namespace stemma
