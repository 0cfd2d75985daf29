#include "sampler/explore.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "options/make_key.hpp"
#include "sampler/explore_moves.hpp"
#include "sampler/inheritance.hpp"

namespace stemma {
namespace {

constexpr std::uint32_t max_attempts = 100;

class ExploreSampler final : public Sampler {
public:
    ExploreSampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed, ExploreSettings settings,
                   std::unique_ptr<Sampler> base)
        : space_(std::move(space)),
          seed_(seed),
          settings_(std::move(settings)),
          base_(std::move(base)),
          births_(space_) {}

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        by_base_ = !request.parent.exists();
        if (by_base_) return base_->propose(request);
        const auto parent = births_.of(request.parent);
        const auto donor = request.donor.exists() ? births_.of(request.donor) : parent;
        for (std::uint32_t attempt = 0; attempt < max_attempts; ++attempt) {
            Stream random(seed_, Purpose::explore, request.member.value, attempt);
            auto child = perturbed(parent, donor, random);
            if (space_->allowed(child)) return child;
        }
        auto child = child_at(*space_, space_->to_unit(donor), parent);
        if (!space_->allowed(child)) child.assign(parent.begin(), parent.end());
        return child;
    }
    void born(const Birth& birth) override {
        births_.born(birth);
        base_->born(birth);
    }
    void observe(const Observation& observation) override { base_->observe(observation); }
    void given_up(MemberId member) override { base_->given_up(member); }
    std::span<const WantedFit> wanted_fits() const override { return base_->wanted_fits(); }
    void fitted(std::uint64_t number, std::span<const double> model) override { base_->fitted(number, model); }
    ProposalBasis basis() const override { return by_base_ ? base_->basis() : ProposalBasis::current; }
    std::optional<std::uint64_t> used_up() const override { return base_->used_up(); }
    std::optional<std::uint8_t> chosen() const override { return base_->chosen(); }
    std::string describe() const override {
        return std::string("explore by ") +
               (settings_.move == ExploreSettings::Move::factor ? "factors" : "unit steps") + ", from scratch " +
               base_->describe();
    }

private:
    Configuration perturbed(ConfigurationView parent, ConfigurationView donor, Stream& random) const {
        Configuration child(space_->size());
        for (std::size_t i = 0; i < space_->size(); ++i) {
            const auto& parameter = (*space_)[i];
            const auto& axis = space_->axis(i);
            if (!space_->active(i, child)) continue;
            if (inherited(*space_, i, parent)) {
                child[i] = parent[i];
            } else if (std::holds_alternative<Inactive>(donor[i])) {
                child[i] = axis.from_unit(random.uniform());
            } else {
                const bool may_move = may_differ(parameter.role);
                child[i] = may_move ? perturb(parameter, axis, donor[i], settings_, random) : donor[i];
            }
        }
        return child;
    }

    std::shared_ptr<const SearchSpace> space_;
    std::uint64_t seed_;
    ExploreSettings settings_;
    std::unique_ptr<Sampler> base_;
    BornConfigurations births_;
    bool by_base_ = false;  ///< the last proposal
};

}  // namespace

std::unique_ptr<Sampler> make_explore_sampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed,
                                              ExploreSettings settings, std::unique_ptr<Sampler> base) {
    ensure(base != nullptr, "the explore sampler needs a base for members from scratch");
    require_ranges("explore", explore_fields(), settings);
    return std::make_unique<ExploreSampler>(std::move(space), seed, std::move(settings), std::move(base));
}

std::vector<Field<ExploreSettings>> explore_fields() {
    using namespace make_key;
    using S = ExploreSettings;
    return {
        setting(&S::move, choice("move", {"factor", "unit_step"},
                                 "perturb: a number is multiplied by one of `factors`, or takes a step on its scale.")),
        setting(&S::factors, list_of(KeyType::number, "factors", {0, 1e6, true, true}, "perturb: see move.")),
        setting(&S::unit_step,
                number("unit_step", {0, 1, true, false}, "perturb: step as a share of the range, on its scale.")),
        setting(&S::resample_probability,
                number("resample_probability", {0, 1}, "perturb: chance of each parameter to be drawn anew.")),
        setting(&S::categorical_probability,
                number("categorical_probability", {0, 1}, "perturb: chance of a categorical to take another value.")),
    };
}

}  // namespace stemma
