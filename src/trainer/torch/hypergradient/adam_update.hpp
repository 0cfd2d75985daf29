#pragma once
// Adam and AdamW as update rules, with AMSGrad on request. Beyond arXiv 2110.10461, which has SGD.

#include <memory>

#include "trainer/torch/hypergradient/update_rule.hpp"

namespace stemma {

/// The same functions as LibTorch's. `decoupled`: weight decay as in AdamW. Its Linearized has closed forms for
/// cotangents of the update alone, which is all that a series needs. It differentiates automatically through moments.
std::unique_ptr<UpdateRule> make_adam_rule(double eps, bool amsgrad, bool decoupled);

}  // namespace stemma
