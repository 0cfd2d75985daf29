#include "sampler/automatic/automatic.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <string>

#include "sampler/automatic/rule.hpp"
#include "sampler/automatic/trial_proposal.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/random.hpp"

namespace stemma {
namespace {

constexpr std::size_t timed_trainings = 3;

std::unique_ptr<Sampler> made(AutomaticChoice choice, const SamplerContext& context) {
    if (choice == AutomaticChoice::random) return make_random_sampler(context.space, context.seed);
    if (choice == AutomaticChoice::tpe) {
        auto settings = automatic_tpe();
        settings.count_pending = context.count_pending;
        return make_tpe_sampler(context.space, context.seed, settings);
    }
    GpSettings settings;
    settings.count_pending = context.count_pending;
    settings.fit_elsewhere = true;
    return make_gp_sampler(context.space, context.seed, settings);
}

SearchFacts facts(const SamplerContext& context) {
    auto known = facts_of(*context.space, context.expected);
    known.objectives = context.objectives;
    return known;
}

class AutomaticSampler final : public Sampler {
public:
    explicit AutomaticSampler(const SamplerContext& context)
        : space_(context.space), configurations_(context.expected), plan_(planned(facts(context))) {
        // In the order in which they are asked for: the last one needs no timing.
        if (plan_.choice == AutomaticChoice::gp) add(AutomaticChoice::gp, context);
        if (plan_.choice != AutomaticChoice::random) add(AutomaticChoice::tpe, context);
        add(AutomaticChoice::random, context);
    }

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        auto proposal = active().propose(request);
        refresh();
        return proposal;
    }
    void born(const Birth& birth) override {
        if (!chosen()) pending_.insert(birth.member);
        for (const auto& model : models_) model.sampler->born(birth);
    }
    void observe(const Observation& observation) override {
        for (const auto& model : models_) model.sampler->observe(observation);
        if (chosen() || trainings_.size() == timed_trainings) return;
        pending_.erase(observation.member);
        if (!observation.seconds) return;
        trainings_.push_back(*observation.seconds);
        if (trainings_.size() < timed_trainings) return;
        std::ranges::sort(trainings_);
        cost_ = {.training = trainings_[timed_trainings / 2], .out = pending_.size() + 1};
        refresh();
    }
    void given_up(MemberId member) override {
        if (!chosen()) pending_.erase(member);
        for (const auto& model : models_) model.sampler->given_up(member);
    }
    std::span<const WantedFit> wanted_fits() const override { return wanted_; }
    void fitted(std::uint64_t number, std::span<const double> model) override {
        if (!chosen()) {
            if (trainings_.size() == timed_trainings && number == timings_) timed(model);
        } else if (number >= timings_) {
            models_.front().sampler->fitted(number - timings_, model);
        }
        refresh();
    }
    ProposalBasis basis() const override { return active().basis(); }
    std::optional<std::uint8_t> chosen() const override {
        if (models_.size() > 1) return std::nullopt;
        return static_cast<std::uint8_t>(models_.front().choice);
    }
    std::string describe() const override {
        if (!chosen()) {
            return "auto: " + std::string(name_of(plan_.choice)) + " (" + plan_.reason +
                   ") unless a proposal takes more than 5 % of a training; random draws until that is known";
        }
        return "auto: " + std::string(name_of(models_.front().choice)) + " (" + plan_.reason +
               (costs_.empty() ? "" : "; " + costs_) + ")";
    }

private:
    struct Model {
        AutomaticChoice choice;
        std::unique_ptr<Sampler> sampler;
    };

    void add(AutomaticChoice choice, const SamplerContext& context) {
        models_.push_back({choice, made(choice, context)});
    }
    /// Random draws until the choice.
    Sampler& active() const { return *models_.back().sampler; }

    /// The proposal of the first model was timed; nothing: it failed.
    void timed(std::span<const double> seconds) {
        ++timings_;
        cost_.proposal = seconds.size() == 1 ? seconds[0] : std::numeric_limits<double>::infinity();
        const auto& first = models_.front();
        costs_ += (costs_.empty() ? "" : "; ") + std::string(name_of(first.choice)) + ": " + text_of(cost_);
        if (affordable(cost_)) {
            models_.resize(1);
        } else {
            models_.erase(models_.begin());
        }
    }

    /// What is wanted now: a timing before the choice, the model's fits after it, numbered on.
    void refresh() {
        wanted_.clear();
        if (chosen()) {
            for (const auto& fit : active().wanted_fits()) wanted_.push_back({fit.number + timings_, fit.fit});
        } else if (trainings_.size() == timed_trainings) {
            wanted_.push_back({timings_, trial_proposal(models_.front().choice, space_, configurations_), true});
        }
    }

    std::shared_ptr<const SearchSpace> space_;
    std::uint64_t configurations_;
    AutomaticDecision plan_;
    std::vector<Model> models_;  ///< all get what the search learns; one, once the choice is made
    std::set<MemberId> pending_;
    std::vector<double> trainings_;  ///< seconds of the first that were timed
    ProposalCost cost_;
    std::uint64_t timings_ = 0;  ///< proposals that have been timed
    std::string costs_;          ///< of these
    std::vector<WantedFit> wanted_;
};

}  // namespace

TpeSettings automatic_tpe() {
    TpeSettings settings;
    settings.multivariate = true;
    return settings;
}

std::unique_ptr<Sampler> make_automatic_sampler(const SamplerContext& context) {
    return std::make_unique<AutomaticSampler>(context);
}

SamplerDescriptor automatic_sampler_descriptor() {
    return {
        .name = "auto",
        .summary =
            "a Gaussian process, multivariate TPE or random draws: by the space, the budget and the cost of a "
            "proposal",
        .traits = {.learns = true, .fits_models = true, .plans = true},
        .defaults = NoSettings(),
        .make = [](const NoSettings&, const SamplerContext& context) { return make_automatic_sampler(context); },
    };
}

}  // namespace stemma
