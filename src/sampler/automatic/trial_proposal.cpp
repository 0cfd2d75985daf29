#include "sampler/automatic/trial_proposal.hpp"

#include <algorithm>

#include "sampler/automatic/automatic.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/random_draws.hpp"
#include "sampler/tpe.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t seed = 1;

class TrialProposal final : public ModelFit {
public:
    TrialProposal(AutomaticChoice choice, std::shared_ptr<const SearchSpace> space, std::uint64_t configurations)
        : choice_(choice), space_(std::move(space)), configurations_(configurations) {}

    std::vector<double> run() const override {
        const auto sampler = make();
        const auto count = trials();
        RandomDraws draws(space_, seed);
        for (std::uint64_t member = 0; member < count; ++member) {
            const auto configuration = draws.draw({member});
            if (!configuration) return {};
            sampler->born({{member}, {}, 0, *configuration});
            double objective = 0;
            for (const double at : space_->to_unit(*configuration)) objective += (at - 0.3) * (at - 0.3);
            sampler->observe({{member}, 1, objective});
        }
        sampler->propose({{count}, count, {}});
        return {};
    }

private:
    std::uint64_t trials() const {
        const std::uint64_t most = choice_ == AutomaticChoice::gp ? GpSettings().refit_always : TpeSettings().cap;
        const auto least = static_cast<std::uint64_t>(space_->size()) + 1;
        return std::max(least, configurations_ == 0 ? most : std::min(configurations_, most));
    }

    std::unique_ptr<Sampler> make() const {
        if (choice_ == AutomaticChoice::tpe) return make_tpe_sampler(space_, seed, automatic_tpe());
        GpSettings settings;
        // Three cold starts are then as many likelihoods as the two starts of a later fit.
        settings.cold_evaluations = 2 * settings.warm_evaluations / 3;
        settings.refit_always = std::max<std::size_t>(settings.refit_always, trials());
        return make_gp_sampler(space_, seed, settings);
    }

    AutomaticChoice choice_;
    std::shared_ptr<const SearchSpace> space_;
    std::uint64_t configurations_;
};

}  // namespace

std::shared_ptr<const ModelFit> trial_proposal(AutomaticChoice choice, std::shared_ptr<const SearchSpace> space,
                                               std::uint64_t configurations) {
    return std::make_shared<const TrialProposal>(choice, std::move(space), configurations);
}

}  // namespace stemma
