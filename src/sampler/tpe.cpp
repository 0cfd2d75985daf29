#include "sampler/tpe.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "sampler/random_draws.hpp"
#include "sampler/tpe_model.hpp"

namespace stemma {

std::size_t good_count(std::size_t finite, const TpeSettings& settings) {
    const auto n = static_cast<double>(finite);
    const double part = settings.gamma * (settings.good == TpeSettings::Good::linear ? n : std::sqrt(n));
    return std::min({static_cast<std::size_t>(std::ceil(part)), settings.max_good, finite});
}

double narrowest_kernel(const Axis& axis) { return axis.count() > 0 ? 0.5 / static_cast<double>(axis.count()) : 0; }

TpeModel make_tpe_model(const SearchSpace& space, const TpeSettings& settings, ConfigurationView parent,
                        std::span<const Trial> trials, std::optional<double> time) {
    TpeModel model{space, settings, parent, {}, {}};
    std::vector<const Trial*> finite;
    for (const auto& trial : trials) {
        (std::isfinite(trial.objective) && !trial.pending ? finite : model.bad.trials).push_back(&trial);
    }
    const auto good = good_count(finite.size(), settings);
    const auto better = [](const Trial* a, const Trial* b) {
        return std::pair(a->objective, a->member) < std::pair(b->objective, b->member);
    };
    const auto middle = finite.begin() + static_cast<std::ptrdiff_t>(good);
    std::nth_element(finite.begin(), middle, finite.end(), better);
    model.good.trials.assign(finite.begin(), middle);
    model.bad.trials.insert(model.bad.trials.end(), middle, finite.end());

    const double width = std::max(1.0, settings.time_width * time.value_or(0));
    for (auto* group : {&model.good, &model.bad}) {
        // By member, so that sums of the same trials round alike.
        std::ranges::sort(group->trials, {}, &Trial::member);
        for (const auto* trial : group->trials) {
            const double distance = time ? (*time - trial->time) / width : 0;
            group->weights.push_back(std::exp(-0.5 * distance * distance));
        }
    }
    return model;
}

namespace {

constexpr std::uint32_t model_attempts = 20;

void check(const TpeSettings& settings) {
    if (!(settings.gamma > 0 && settings.gamma <= 1)) throw UserError("TPE: gamma must be above 0 and at most 1");
    if (settings.max_good == 0) throw UserError("TPE: max_good must be at least 1");
    if (settings.candidates == 0) throw UserError("TPE: candidates must be at least 1; 24 is usual");
    if (!(settings.prior_weight > 0 && std::isfinite(settings.prior_weight))) {
        throw UserError("TPE: prior_weight must be a number above 0; 1 is usual");
    }
    if (!(settings.time_width > 0 && std::isfinite(settings.time_width))) {
        throw UserError("TPE: time_width must be a number above 0");
    }
    if (settings.cap < 2) throw UserError("TPE: cap must be at least 2; 1000 is usual");
}

class TpeSampler final : public Sampler {
public:
    TpeSampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed, const TpeSettings& settings)
        : settings_(settings), seed_(seed), draws_(space, seed), history_(space, {settings.min_trials}) {}

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        const auto parent = request.parent.exists() ? history_.configuration(request.parent) : ConfigurationView();
        const auto trials = history_.trials(request.parent, settings_.cap);
        const auto observed = static_cast<std::size_t>(std::ranges::count(trials, false, &Trial::pending));
        if (observed == 0 || observed < settings_.startup) return draws_.draw(request.member, parent);

        std::optional<double> time;
        if (request.parent.exists() && settings_.with_time) time = history_.time_of_child(request.parent);
        const auto model = make_tpe_model(history_.space(), settings_, parent, trials, time);
        for (std::uint32_t attempt = 0; attempt < model_attempts; ++attempt) {
            Stream random(seed_, Purpose::configuration, request.member.value, attempt);
            auto proposal =
                settings_.multivariate ? propose_multivariate(model, random) : propose_univariate(model, random);
            if (history_.space().allowed(proposal)) return proposal;
        }
        return draws_.draw(request.member, parent, model_attempts);
    }
    void born(const Birth& birth) override { history_.born(birth); }
    void observe(const Observation& observation) override { history_.observe(observation); }
    void given_up(MemberId member) override { history_.given_up(member); }
    std::string describe() const override {
        return std::string(settings_.multivariate ? "multivariate " : "") + "TPE after " +
               std::to_string(settings_.startup) + " random points" + (settings_.with_time ? "" : ", without time");
    }

private:
    TpeSettings settings_;
    std::uint64_t seed_;
    RandomDraws draws_;
    History history_;
};

}  // namespace

std::unique_ptr<Sampler> make_tpe_sampler(std::shared_ptr<const SearchSpace> space, std::uint64_t seed,
                                          const TpeSettings& settings) {
    check(settings);
    return std::make_unique<TpeSampler>(std::move(space), seed, settings);
}

}  // namespace stemma
