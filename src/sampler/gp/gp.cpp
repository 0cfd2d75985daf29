#include "sampler/gp/gp.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "options/make_key.hpp"
#include "sampler/common_keys.hpp"
#include "sampler/gp/data.hpp"
#include "sampler/gp/models.hpp"
#include "sampler/gp/search.hpp"
#include "sampler/gp/targets.hpp"
#include "sampler/random_draws.hpp"
#include "space/wide.hpp"

namespace stemma {
namespace {

using Eigen::Index;

std::vector<Field<GpSettings>> fields() {
    using namespace make_key;
    using S = GpSettings;
    using Search = GpSearchSettings;
    std::vector<Field<S>> fields{
        startup_field<S>(),
        setting(&S::data, integer("data", {2, 1000}, "Trials that the model sees at most: the best and the latest.")),
        setting(&S::time,
                choice("time_model", {"none", "dimension", "decay"},
                       "What the time of a trial means: nothing; one more coordinate; a covariance that fades (PB2).")),
        setting(&S::pending, choice("pending", {"believer", "liar"},
                                    "What members in training count as: the model's mean, or the worst value seen.")),
        setting(&S::objective, choice("objective", {"value", "improvement"},
                                      "What is modeled: the metric, or its change from one report to the next (PB2).")),
        setting(&S::warp_inputs, flag("warp_inputs", "Kumaraswamy warping of each number.")),
        setting(&S::warp_outputs, flag("warp_outputs", "Yeo-Johnson transform of the metric.")),
        look_below_field<S>(),
    };
    std::vector<Field<Search>> search{
        setting(&Search::acquisition,
                choice("acquisition", {"log_ei", "log_pi", "lcb", "ensemble"}, "What a point is worth.")),
        setting(&Search::kappa, number("kappa", at_least(0), "lcb: standard deviations below the mean.")),
    };
    return concatenated(std::move(fields), part_of(&S::search, std::move(search)));
}

/// The settings, checked and with defaults filled in.
GpSettings checked(GpSettings settings, const SearchSpace& space) {
    const auto demand = [](bool holds, const std::string& text) {
        if (!holds) throw UserError("GP sampler: " + text);
    };
    require_ranges("GP sampler", fields(), settings);
    demand(settings.refit_every >= 1, "refit_every must be at least 1, is 0");
    demand(settings.cold_evaluations >= 1 && settings.warm_evaluations >= 1,
           "cold_evaluations and warm_evaluations must be at least 1");
    const auto& search = settings.search;
    demand(search.random_candidates >= 1, "random_candidates must be at least 1");
    demand(search.local_candidates >= 0 && search.refined >= 0, "local_candidates and refined must not be negative");
    demand(search.refinement_evaluations >= 1, "refinement_evaluations must be at least 1");
    demand(search.margin >= 0, "margin must not be negative, is " + std::to_string(search.margin));
    if (settings.startup == 0) settings.startup = default_gp_startup(space);
    settings.startup = std::min(settings.startup, settings.data);
    return settings;
}

class Gp final : public GpSampler {
public:
    Gp(std::shared_ptr<const SearchSpace> space, std::uint64_t seed, GpSettings settings)
        : seed_(seed),
          space_(std::move(space)),
          encoding_(space_),
          settings_(checked(settings, *space_)),
          draws_(space_, seed),
          memory_(space_, settings_),
          models_(settings_) {}

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        ++statistics_.proposals;
        basis_ = ProposalBasis::current;
        ConfigurationView parent;
        if (request.parent.exists()) parent = memory_.history().configuration(request.parent);
        const gp::Inheritance inheritance(*space_, parent);
        const auto data = memory_.data(request.parent);
        // Failures teach as well.
        const auto failures = memory_.history().failures();
        const auto counted = data.observed.size() + failures + (settings_.count_pending ? data.pending.size() : 0);
        if (counted < settings_.startup || (!has_value(data) && failures == 0)) {
            ++statistics_.startup;
            basis_ = ProposalBasis::drawn;
            return draws_.draw(request.member, parent);
        }
        late_ = false;
        auto modeled = by_model(request, data, inheritance);
        statistics_.fits = models_.fits();
        statistics_.likelihoods = models_.likelihoods();
        if (late_) {
            ++statistics_.late;
            basis_ = modeled ? ProposalBasis::last_model : ProposalBasis::no_model;
        }
        if (modeled) return modeled;
        ++statistics_.failed;
        if (!late_) basis_ = ProposalBasis::drawn;
        return draws_.draw(request.member, parent);
    }

    void born(const Birth& birth) override { memory_.born(birth); }
    void observe(const Observation& observation) override { memory_.observe(observation); }
    void given_up(MemberId member) override { memory_.given_up(member); }
    std::span<const WantedFit> wanted_fits() const override { return models_.wanted(); }
    void fitted(std::uint64_t number, std::span<const double> model) override { models_.fitted(number, model); }
    ProposalBasis basis() const override { return basis_; }
    std::string describe() const override {
        const char* names[] = {"log-EI", "log-PI", "LCB", "ensemble"};
        return std::string("Gaussian process, ") + names[static_cast<int>(settings_.search.acquisition)];
    }
    const GpStatistics& statistics() const override { return statistics_; }

private:
    static bool has_value(const gp::Data& data) {
        return std::ranges::any_of(data.observed, [](const gp::Row& row) { return std::isfinite(row.objective); });
    }

    std::optional<Configuration> by_model(const ProposalRequest& request, const gp::Data& data,
                                          const gp::Inheritance& inheritance) {
        const bool valued = has_value(data);
        auto place = problem(valued ? data : gp::Data{{}, {}, data.next_time}, inheritance);
        place.tried = request.tried;
        bool stale = false;
        std::optional<gp::Posterior> objective;
        if (valued) {
            objective = objective_model(request, place, data, stale);
            if (!objective) return std::nullopt;
        }
        for (const auto kind : infeasibilities) {
            if (auto constraint = feasibility(kind, request)) place.constraints.push_back(*std::move(constraint));
        }
        if (!objective && place.constraints.empty()) return std::nullopt;

        constexpr std::uint64_t search_stream = std::uint64_t{1} << 24U;
        const Stream stream(seed_, Purpose::configuration, request.member.value, search_stream);
        auto found = gp::best_candidate(place, objective ? &*objective : nullptr, settings_.search, stream);
        if (found) ++(stale ? statistics_.stale : statistics_.modeled);
        return found;
    }

    std::optional<gp::Posterior> objective_model(const ProposalRequest& request, const gp::SearchProblem& place,
                                                 const gp::Data& data, bool& stale) {
        const auto shape = encoding_.shape(settings_.warp_inputs, place.treatment);
        const auto inputs = encoded(shape, place, data.observed);
        const auto targets = targets_of(data.observed);
        std::vector<gp::Seen> seen;
        for (const auto& trial : data.observed) seen.push_back({trial.member, trial.resource});

        // Steps are of the whole run, and so is their model.
        const auto lineage = settings_.objective == GpObjective::improvement ? MemberId::none() : request.parent;
        const auto hyperparameters = models_.get(lineage, shape, inputs, targets, std::move(seen));
        late_ = models_.late();
        if (!hyperparameters) return std::nullopt;
        stale = hyperparameters->stale;
        auto posterior = gp::Posterior::make(gp::Kernel(shape, hyperparameters->logs), inputs, targets);
        if (posterior && !data.pending.empty()) {
            auto with = with_pending(*posterior, encoded(shape, place, data.pending));
            if (with) posterior = std::move(with);
        }
        return posterior;
    }

    /// The model of one kind of failure; nothing while there was none. Whether memory suffices does not depend on time.
    ///
    /// Its hyperparameters are the prior's medians and a noise that rounds the edge. The likelihood of labels with a
    /// sharp edge is largest for kernels so narrow that nothing is said between the data.
    std::optional<gp::Feasibility> feasibility(Infeasibility kind, const ProposalRequest& request) const {
        const auto rows = memory_.feasibility(kind);
        if (rows.empty()) return std::nullopt;
        struct {
            gp::Time treatment = gp::Time::none;
            double time = 0, horizon = 1;
        } place;
        if (kind == Infeasibility::nonfinite && settings_.objective == GpObjective::value) {
            place.time = memory_.history().time_of_child(request.parent);
            place.horizon = std::max(place.horizon, place.time);
            for (const auto& row : rows) place.horizon = std::max(place.horizon, row.time);
            if (std::ranges::any_of(rows, [&](const gp::Row& row) { return row.time != place.time; }))
                place.treatment = settings_.time;
        }
        gp::Vector labels(static_cast<Index>(rows.size()));
        for (std::size_t at = 0; at < rows.size(); ++at) labels[static_cast<Index>(at)] = rows[at].objective;
        const double offset = labels.mean();
        labels.array() -= offset;
        const auto shape = encoding_.shape(false, place.treatment);
        auto logs = gp::Prior(shape).mean;
        constexpr double noise = 0.1;
        logs[gp::Shape::noise] = std::log(noise);
        auto model =
            gp::Posterior::make(gp::Kernel(shape, std::move(logs)), encoded(shape, place, rows), std::move(labels));
        if (!model) return std::nullopt;
        return gp::Feasibility{*std::move(model), offset, place.treatment, place.time, place.horizon};
    }

    gp::SearchProblem problem(const gp::Data& data, const gp::Inheritance& inheritance) const;

    template <class Place>
    gp::Inputs encoded(const gp::Shape& shape, const Place& place, const std::vector<gp::Row>& trials) const {
        auto inputs = gp::Encoding::rows(shape, static_cast<Index>(trials.size()));
        Index row = 0;
        for (const auto& trial : trials)
            encoding_.write(inputs, row++, trial.configuration, trial.unit, place.treatment, trial.time, place.horizon);
        return inputs;
    }

    gp::Vector targets_of(const std::vector<gp::Row>& observed) const {
        std::vector<double> objectives;
        objectives.reserve(observed.size());
        for (const auto& trial : observed) objectives.push_back(trial.objective);
        return gp::targets(objectives, settings_.warp_outputs);
    }

    std::optional<gp::Posterior> with_pending(const gp::Posterior& posterior, const gp::Inputs& pending) const {
        gp::Vector targets(posterior.targets().size() + pending.size());
        const bool liar = settings_.pending == GpPending::liar;
        targets.head(posterior.targets().size()) = posterior.targets();
        targets.tail(pending.size()) =
            liar ? gp::Vector::Constant(pending.size(), posterior.targets().maxCoeff()) : posterior.mean(pending);
        return gp::Posterior::make(posterior.kernel(), gp::stacked(posterior.inputs(), pending), std::move(targets));
    }

    std::uint64_t seed_;
    std::shared_ptr<const SearchSpace> space_;
    gp::Encoding encoding_;
    GpSettings settings_;
    RandomDraws draws_;
    gp::Memory memory_;
    gp::Models models_;
    GpStatistics statistics_;
    ProposalBasis basis_ = ProposalBasis::current;  ///< of the last proposal
    bool late_ = false;                             ///< it lacked a fit
};

gp::SearchProblem Gp::problem(const gp::Data& data, const gp::Inheritance& inheritance) const {
    gp::SearchProblem place{.encoding = encoding_, .inheritance = inheritance, .known = {}, .time = data.next_time};
    bool differs = false;
    for (const auto* trials : {&data.observed, &data.pending}) {
        for (const auto& trial : *trials) {
            place.known.push_back(
                {{trial.unit.begin(), trial.unit.end()}, {trial.configuration.begin(), trial.configuration.end()}});
            place.horizon = std::max(place.horizon, trial.time);
            differs = differs || trial.time != data.next_time;
        }
    }
    place.horizon = std::max(place.horizon, data.next_time);
    // A time that all trials share carries no information. Its hyperparameter would only cost likelihoods.
    if (differs) place.treatment = settings_.time;
    return place;
}

}  // namespace

std::uint32_t default_gp_startup(const SearchSpace& space) {
    std::uint32_t several_values = 0;
    for (std::size_t at = 0; at < space.size(); ++at) several_values += gp::Encoding::has(space.axis(at)) ? 1 : 0;
    return several_values + 1;
}

std::unique_ptr<GpSampler> make_gp_sampler(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed,
                                           GpSettings settings) {
    return std::make_unique<Gp>(settings.look_below ? with_model_scales(space) : space, seed, settings);
}

SamplerDescriptor gp_sampler_descriptor() {
    return {
        .name = "gp",
        .summary =
            "a Gaussian process with learned warping: learns from the run, or from a child's lineage; for few "
            "and costly trainings",
        .traits = {.learns = true, .fits_models = true},
        .defaults = GpSettings(),
        .fields = erased(fields()),
        .complete =
            [](GpSettings& settings, const SearchSpace& space) {
                if (settings.startup == 0) settings.startup = default_gp_startup(space);
            },
        .make = [](const GpSettings& settings, const SamplerContext& context) -> std::unique_ptr<Sampler> {
            auto gp = settings;
            gp.count_pending = context.count_pending;
            gp.fit_elsewhere = true;  // rank 0 must not keep workers waiting
            return make_gp_sampler(context.space, context.seed, gp);
        },
    };
}

}  // namespace stemma
