#include "sampler/sobol.hpp"

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <vector>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "sampler/inheritance.hpp"
#include "sampler/random_draws.hpp"

namespace stemma {
namespace {

constexpr std::size_t max_dimensions = BOOST_RANDOM_SOBOL_MAX_DIMENSION;

/// Indices of the parameters that take a dimension.
std::vector<std::size_t> searched(const SearchSpace& space) {
    std::vector<std::size_t> parameters;
    for (std::size_t i = 0; i < space.size(); ++i) {
        if (!space.axis(i).constant()) parameters.push_back(i);
    }
    if (parameters.size() > max_dimensions) {
        throw UserError("the Sobol sampler takes " + std::to_string(max_dimensions) +
                        " hyperparameters at most, the space has " + std::to_string(parameters.size()) +
                        "; use the random sampler");
    }
    return parameters;
}

class SobolSampler final : public Sampler {
public:
    SobolSampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed)
        : draws_(space, seed),
          births_(std::move(space)),
          parameters_(searched(draws_.space())),
          engine_(std::max<std::size_t>(1, parameters_.size())),
          unit_(draws_.space().size(), 0.5) {
        for (std::size_t i = 0; i < parameters_.size(); ++i) shifts_.push_back(Stream(seed, Purpose::scramble, i)());
    }

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        place(request.index);
        const auto parent = births_.of(request.parent);
        auto configuration = child_at(draws_.space(), unit_, parent);
        if (draws_.space().allowed(configuration)) return configuration;
        return draws_.draw(request.member, parent);
    }
    void born(const Birth& birth) override { births_.born(birth); }

    ProposalBasis basis() const override { return ProposalBasis::drawn; }
    std::string describe() const override { return "scrambled Sobol sequence"; }

private:
    /// Writes point number `index` into unit_.
    void place(std::uint64_t index) {
        // The engine leaves out the origin, which is an ordinary point once it is shifted.
        if (index > 0 && index != next_) engine_.seed(index - 1);
        for (std::size_t i = 0; i < parameters_.size(); ++i) {
            const auto bits = (index > 0 ? engine_() : 0) ^ shifts_[i];
            unit_[parameters_[i]] = static_cast<double>(bits >> 11U) * 0x1p-53;
        }
        if (index > 0) next_ = index + 1;
    }

    RandomDraws draws_;
    BornConfigurations births_;
    std::vector<std::size_t> parameters_;
    boost::random::sobol engine_;
    std::uint64_t next_ = 1;  ///< index of the engine's next point
    std::vector<std::uint64_t> shifts_;
    std::vector<double> unit_;  ///< scratch
};

}  // namespace

std::unique_ptr<Sampler> make_sobol_sampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed) {
    return std::make_unique<SobolSampler>(std::move(space), seed);
}

SamplerDescriptor sobol_sampler_descriptor() {
    return {
        .name = "sobol",
        .summary = "a scrambled Sobol sequence: covers the space more evenly than random draws",
        .defaults = NoSettings(),
        .make = [](const NoSettings&,
                   const SamplerContext& context) { return make_sobol_sampler(context.space, context.seed); },
    };
}

}  // namespace stemma
