#pragma once
#include <cstdint>
#include <memory>

#include "sampler/descriptor.hpp"
#include "sampler/tpe.hpp"

namespace stemma {

/// The settings of its multivariate TPE.
TpeSettings automatic_tpe();

/// Random draws until the choice is made, then the sampler chosen (rule.hpp). Where the rule wants random draws, the
/// choice is made at once. Otherwise it waits for the first three reports whose training was timed. A proposal of the
/// model is then timed as a wanted fit. A model that the rule finds too expensive gives way to the next of Gaussian
/// process, multivariate TPE, random draws. The training's time is the median of the three. The trainings out are the
/// members in training at the third report. The choice is made once, and depends on its inputs alone: the timing is one
/// of them.
std::unique_ptr<Sampler> make_automatic_sampler(const SamplerContext& context);

SamplerDescriptor automatic_sampler_descriptor();

}  // namespace stemma
