#pragma once
#include <exception>

#include "trainer/trainer.hpp"

namespace stemma {

/// What an exception from training means for the search. To be called while the exception is being handled.
TrainFailure classify(const std::exception& error, Resource reached);

}  // namespace stemma
