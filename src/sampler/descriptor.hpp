#pragma once
// What the program knows of a sampler besides how it proposes: its name and keys in a job file, and its factory. Each
// sampler has its descriptor beside its code; registry/registry.cpp lists them.

#include <any>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options/field.hpp"
#include "sampler/sampler.hpp"

namespace stemma {

struct SamplerTraits {
    bool learns = false;  ///< proposes from reports, so that it may propose for children too
    bool fits_models =
        false;  ///< rank 0 may have to wait for a model (workers get nothing meanwhile, if the job says so)
};

/// What a sampler gets from the job besides its own settings.
struct SamplerContext {
    std::shared_ptr<const SearchSpace> space;
    std::uint64_t seed = 0;
    std::vector<Configuration> first = {};  ///< proposed before this sampler is asked
    bool count_pending = false;  ///< members in training count towards `startup` (SchedulerDescriptor::startup)
};

/// Settings of a sampler without settings.
struct NoSettings {};

/// One value of sampler.type. Each sampler has its own type of settings, which is erased here.
struct SamplerDescriptor {
    std::string name;
    std::string summary;
    SamplerTraits traits;
    std::any defaults;
    std::vector<Field<std::any>> fields;
    /// Fills in defaults that depend on other settings, or on the space.
    std::function<void(std::any&, const SearchSpace&)> complete;
    std::function<std::unique_ptr<Sampler>(const std::any&, const SamplerContext&)> make;
    /// Number of configurations that the sampler proposes in all, including `first`. Empty for samplers without an end.
    std::function<std::uint64_t(const std::any&, const SearchSpace&, const std::vector<Configuration>& first)> count;

    bool finite() const { return count != nullptr; }
};

/// A descriptor as its sampler writes it.
template <class Settings>
struct SamplerSpec {
    std::string name;
    std::string summary;
    SamplerTraits traits = {};
    Settings defaults = {};
    std::vector<Field<Settings>> fields = {};
    void (*complete)(Settings&, const SearchSpace&) = [](Settings&, const SearchSpace&) {};
    std::unique_ptr<Sampler> (*make)(const Settings&, const SamplerContext&) = nullptr;
    std::uint64_t (*count)(const Settings&, const SearchSpace&, const std::vector<Configuration>& first) = nullptr;
};

template <class Settings>
SamplerDescriptor described_sampler(SamplerSpec<Settings> spec) {
    SamplerDescriptor out;
    out.name = std::move(spec.name);
    out.summary = std::move(spec.summary);
    out.traits = spec.traits;
    out.defaults = spec.defaults;
    out.fields = without_type(std::move(spec.fields));
    out.complete = [complete = spec.complete](std::any& settings, const SearchSpace& space) {
        complete(std::any_cast<Settings&>(settings), space);
    };
    out.make = [make = spec.make](const std::any& settings, const SamplerContext& context) {
        return make(std::any_cast<const Settings&>(settings), context);
    };
    if (spec.count != nullptr) {
        out.count = [count = spec.count](const std::any& settings, const SearchSpace& space,
                                         const std::vector<Configuration>& first) {
            return count(std::any_cast<const Settings&>(settings), space, first);
        };
    }
    return out;
}

}  // namespace stemma
