#pragma once
// What the program knows of a sampler besides how it proposes: its name and keys in a job file, and its factory. Each
// sampler has its descriptor beside its code; registry/registry.cpp lists them.

#include <any>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "options/of_settings.hpp"
#include "sampler/sampler.hpp"

namespace stemma {

struct SamplerTraits {
    bool learns = false;  ///< proposes from reports, so that it may propose for children too
    bool fits_models =
        false;           ///< rank 0 may have to wait for a model (workers get nothing meanwhile, if the job says so)
    bool plans = false;  ///< depends on SamplerContext::expected
};

/// What a sampler gets from the job besides its own settings.
struct SamplerContext {
    std::shared_ptr<const SearchSpace> space;
    std::uint64_t seed = 0;
    std::vector<Configuration> first = {};  ///< proposed before this sampler is asked
    /// Configurations from scratch that the budget pays for; 0 = not known. Only for samplers that plan.
    std::uint64_t expected = 0;
    std::size_t objectives = 1;  ///< metrics that the search optimizes. Only for samplers that plan
    bool count_pending = false;  ///< members in training count towards `startup` (SchedulerDescriptor::startup)
};

/// One value of sampler.type. Each sampler has its own type of settings, which is erased here.
struct SamplerDescriptor {
    std::string name;
    std::string summary;
    SamplerTraits traits = {};
    std::any defaults;  ///< a value of the settings' type
    Fields fields = {};
    /// Fills in defaults that depend on other settings, or on the space.
    OfSettings<void(std::any&, const SearchSpace&)> complete = {};
    OfSettings<std::unique_ptr<Sampler>(const std::any&, const SamplerContext&)> make;
    /// Number of configurations that the sampler proposes in all, including `first`. Empty for samplers without an end.
    OfSettings<std::uint64_t(const std::any&, const SearchSpace&, const std::vector<Configuration>& first)> count = {};

    bool finite() const { return static_cast<bool>(count); }
};

}  // namespace stemma
