#pragma once
// The trainings that are measured and compared.

#include <string>

#include "unit/torch/training.hpp"

namespace stemma::gpu {

/// What a command of this program is told. Sizes are for one model; 0: the model has no such size.
struct Request {
    std::string command;
    std::string device = "cpu";
    std::string model = "lenet";
    std::string fashion_mnist;  ///< folder of its four files; "" = Debian's package
    std::vector<std::string> variants;
    std::int64_t batch = 32;     ///< rows; lstm: streams
    std::int64_t sequence = 10;  ///< lstm: words of a stream in one update
    std::int64_t width = 0;      ///< not of lenet
    std::int64_t layers = 0;     ///< of mlp and lstm
    std::int64_t from = 2;       ///< updates of the shorter of two trainings
    std::int64_t to = 6;         ///< updates of the longer one; both stay within one epoch
    std::int64_t rounds = 3;
    std::int64_t megabytes = 16;
};

/// A member on the device, by steps of SGD with momentum. The data is just enough for request.to updates in one epoch.
/// `variant`: how its hyperparameters move, "" = they stay.
test::Training training(const Request& request, const std::string& variant = "");

/// "samples" of one update: rows, or words.
std::int64_t samples_of_update(const Request& request);

}  // namespace stemma::gpu
