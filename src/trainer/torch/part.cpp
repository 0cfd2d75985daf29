// The entry point of libstemma_torch.so.
#include "trainer/torch/torch_trainer.hpp"
#include "trainer/torch_library/torch_library.hpp"

extern "C" const char* stemma_torch_stamp() {
    static const auto stamp = stemma::torch_stamp(STEMMA_VERSION);
    return stamp.c_str();
}

extern "C" const void* stemma_torch_part() {
    static const stemma::TorchLibrary library{
        stemma::torch_metrics,  stemma::check_torch_settings, stemma::check_torch_data, stemma::make_torch_trainer,
        stemma::torch_gpu_kind, stemma::torch_gpus,           stemma::torch_version};
    return &library;
}
