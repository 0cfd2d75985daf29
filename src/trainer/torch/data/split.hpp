#pragma once
// Splits of a data set into training, validation and test.

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/torch/data/data.hpp"

namespace stemma {

/// Row numbers 0 .. n-1, in order (split "rows") or permuted by a stream keyed by (run seed, which).
std::vector<std::int64_t> numbered(std::int64_t n, const TorchSettings& settings, std::uint64_t which);

/// Rows that `size` asks for (below 1: a share of `rows`), or `fallback` if it is 0.
std::int64_t share(double size, std::int64_t rows, double fallback);

/// Throws UserError where one of the sets would be empty. `what`: "rows", "words".
void demand_rows(const std::string& name, std::int64_t total, std::int64_t train, std::int64_t valid, std::int64_t test,
                 const std::string& what = "rows");

/// Images come as a training set and a test set. The validation images are half of the test images, or as many training
/// images as settings.valid says. Throws UserError.
void split_images(const TorchSettings& settings, const Rows& train, const Rows& test, Data& data);

/// Gives the first validation rows to the hypergradient. Where the variant does not use them, they go to training, so
/// that all variants learn from the same rows. With a share of 1, metrics are measured on rows of the training or the
/// hypergradient. Throws UserError.
void split_validation(const HypergradientSettings& settings, Data& data);

}  // namespace stemma
