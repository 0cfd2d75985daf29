#include "sampler/random.hpp"

#include "sampler/inheritance.hpp"
#include "sampler/random_draws.hpp"

namespace stemma {
namespace {

class RandomSampler final : public Sampler {
public:
    RandomSampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed)
        : draws_(space, seed), births_(std::move(space)) {}

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        return draws_.draw(request.member, births_.of(request.parent));
    }
    void born(const Birth& birth) override { births_.born(birth); }
    ProposalBasis basis() const override { return ProposalBasis::drawn; }
    std::string describe() const override { return "random"; }

private:
    RandomDraws draws_;
    BornConfigurations births_;
};

}  // namespace

std::unique_ptr<Sampler> make_random_sampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed) {
    return std::make_unique<RandomSampler>(std::move(space), seed);
}

SamplerDescriptor random_sampler_descriptor() {
    return {
        .name = "random",
        .summary = "independent draws",
        .defaults = NoSettings(),
        .make = [](const NoSettings&,
                   const SamplerContext& context) { return make_random_sampler(context.space, context.seed); },
    };
}

}  // namespace stemma
