// The door of libstemma_torch.so (trainer/torch_library/torch_library.hpp).
#include "trainer/torch/torch_trainer.hpp"
#include "trainer/torch_library/entry.hpp"
#include "trainer/torch_library/torch_library.hpp"

extern "C" [[gnu::visibility("default")]] const char* stemma_torch_stamp() {
    static const auto stamp = stemma::torch_stamp();
    return stamp.c_str();
}

extern "C" [[gnu::visibility("default")]] const stemma::TorchLibrary* stemma_torch_library() {
    static const stemma::TorchLibrary library{stemma::torch_metrics,    stemma::check_torch_settings,
                                              stemma::check_torch_data, stemma::make_torch_trainer,
                                              stemma::torch_has_cuda,   stemma::torch_version};
    return &library;
}
