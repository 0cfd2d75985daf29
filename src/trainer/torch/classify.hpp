#pragma once
#include <exception>

#include "trainer/trainer.hpp"

namespace stemma {

/// What an exception from training means for the search; to be called inside a catch block's reach with the exception.
TrainFailure classify(const std::exception& error, Resource reached);

}  // namespace stemma
