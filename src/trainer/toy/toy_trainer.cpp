#include "trainer/toy/toy_trainer.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "options/make_key.hpp"

namespace stemma {

namespace {

/// The whole state of a training.
struct State {
    std::uint64_t chain = 0;  ///< hash over (seed, configuration, every unit)
    std::int64_t reached = 0;
};

/// The path of a training, of surfaces that depend on it, as a snapshot holds it.
using StoredPath = std::array<double, 3>;

std::uint64_t mix(std::uint64_t chain, std::uint64_t value) {
    chain ^= value + 0x9E3779B97F4A7C15ULL + (chain << 6U) + (chain >> 2U);
    chain *= 0xFF51AFD7ED558CCDULL;
    return chain ^ (chain >> 33U);
}

std::uint64_t hash_of(const std::vector<double>& point) {
    std::uint64_t hash = point.size();
    for (const auto coordinate : point) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, &coordinate, sizeof bits);
        hash = mix(hash, bits);
    }
    return hash;
}

class ToyTrainer : public Trainer {
public:
    ToyTrainer(ToySettings settings, std::shared_ptr<const SearchSpace> space)
        : settings_(settings), space_(std::move(space)), metrics_(toy_metrics()), ballast_(settings.state_bytes) {
        draws_faults_ = settings_.nonfinite + settings_.exception + settings_.out_of_memory + settings_.device > 0;
    }

    std::span<const MetricInfo> metrics() const override { return metrics_; }
    std::string describe() const override { return "toy"; }

    TrainResult train(const TrainRequest& request) override {
        const auto point = space_->to_unit(request.configuration.values());
        State state{mix(request.seed, hash_of(point)), 0};
        if (request.start != nullptr) {
            const auto* array = request.start->find("state");
            if (array == nullptr || array->bytes != sizeof state) {
                return TrainFailure{FailureKind::snapshot_unavailable, "ToyTrainer",
                                    "the snapshot is of another trainer", 0};
            }
            std::memcpy(&state, request.start->content(*array).data(), sizeof state);
        }
        auto path = settings_.surface.path() ? path_start(*settings_.surface.path()) : PathState();
        if (request.start != nullptr && settings_.surface.path()) {
            const auto* array = request.start->find("path");
            if (array == nullptr || array->bytes != sizeof(StoredPath)) {
                return TrainFailure{FailureKind::snapshot_unavailable, "ToyTrainer",
                                    "the snapshot is of another surface", 0};
            }
            StoredPath stored;
            std::memcpy(stored.data(), request.start->content(*array).data(), sizeof stored);
            path = {stored[0], stored[1], stored[2]};
        }
        ensure(state.reached == request.from, "a lease starts where its snapshot ends");
        if (auto failure = outside(point, request.from)) return *failure;
        Trained trained;
        for (Resource unit = request.from + 1; unit <= request.to; ++unit) {
            if (auto failure = step(request, unit)) return *failure;
            state = {mix(state.chain, static_cast<std::uint64_t>(unit)), unit};
            if (const auto along = settings_.surface.path()) {
                const double x = point.empty() ? 0 : point.front();
                path = path_unit(*along, path, x, unit, request.max > 0 ? request.max : settings_.surface.max);
                trained.rows.push_back(path_row(path.loss, request.member, unit));
            } else {
                trained.rows.push_back(row(point, request.member, state));
            }
            if (request.progress) request.progress(trained.rows.back());
            if (request.stop != nullptr && request.stop->load(std::memory_order_relaxed))
                break;  // after at least one unit
        }
        trained.reached = state.reached;
        trained.snapshot.reserve(sizeof state + ballast_.size());
        trained.snapshot.add("state", DType::u8, {sizeof state}, std::as_bytes(std::span(&state, 1)));
        if (settings_.surface.path()) {
            const StoredPath stored{path.first, path.second, path.loss};
            trained.snapshot.add("path", DType::f64, {static_cast<std::int64_t>(stored.size())},
                                 std::as_bytes(std::span(stored)));
        }
        if (!ballast_.empty()) {
            trained.snapshot.add("ballast", DType::u8, {static_cast<std::int64_t>(ballast_.size())},
                                 std::as_bytes(std::span(ballast_)));
        }
        return trained;
    }

private:
    std::optional<TrainFailure> outside(const std::vector<double>& point, Resource reached) const {
        double sum = 0;
        for (std::size_t i = 0; i < point.size() && i < 2; ++i) sum += point[i];
        if (sum <= settings_.feasible_up_to) return std::nullopt;
        switch (settings_.fails_as) {
            case ToyFailure::out_of_memory:
                return TrainFailure{FailureKind::out_of_memory, "std::bad_alloc", "outside the feasible region",
                                    reached};
            case ToyFailure::infeasible:
                return TrainFailure{FailureKind::infeasible, "ToyTrainer", "outside the feasible region", reached};
            case ToyFailure::nonfinite:
                return TrainFailure{FailureKind::nonfinite, "loss", "outside the feasible region", reached};
        }
        unreachable("a failure has one of the kinds");
    }

    std::optional<TrainFailure> step(const TrainRequest& request, Resource unit) const {
        if (settings_.seconds_per_unit > 0) {
            spend(std::chrono::duration<double>(settings_.seconds_per_unit));
        }
        if (!draws_faults_) return std::nullopt;
        double draw =
            Stream(request.seed, Purpose::fault, request.member.value, static_cast<std::uint64_t>(unit)).uniform();
        const auto fails = [&](double chance, FailureKind kind, const char* type,
                               const char* text) -> std::optional<TrainFailure> {
            draw -= chance;
            if (draw >= 0) return std::nullopt;
            draw = std::numeric_limits<double>::infinity();
            return TrainFailure{kind, type, text, unit - 1};
        };
        if (auto f = fails(settings_.nonfinite, FailureKind::nonfinite, "loss", "the loss is not finite")) return f;
        if (auto f = fails(settings_.exception, FailureKind::exception, "std::runtime_error", "a drawn exception"))
            return f;
        if (auto f =
                fails(settings_.out_of_memory, FailureKind::out_of_memory, "std::bad_alloc", "a drawn lack of memory"))
            return f;
        return fails(settings_.device, FailureKind::device, "device", "a drawn device error");
    }

    void spend(std::chrono::duration<double> time) const {
        if (!settings_.busy) return std::this_thread::sleep_for(time);
        const auto begun = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - begun < time) {
        }
    }

    /// Nothing depends on the hash chain: the path itself shows a wrong snapshot. The held-out loss is without noise.
    MetricRow path_row(double loss, MemberId member, Resource unit) const {
        const double seen = loss + settings_.surface.noise_of(member, unit);
        return {unit, {seen, 1 / (1 + std::max(0.0, seen)), loss}};
    }

    MetricRow row(const std::vector<double>& point, MemberId member, const State& state) const {
        // A millionth of the loss depends on the whole past: enough to show, too little to affect the ranking.
        const double past = 1e-6 * static_cast<double>(state.chain >> 11U) * 0x1p-53;
        const double loss = settings_.surface.loss(point, member, state.reached) + past;
        return {state.reached, {loss, 1 / (1 + std::max(0.0, loss)), loss * 1.05 + past}};
    }

    ToySettings settings_;
    std::shared_ptr<const SearchSpace> space_;
    std::vector<MetricInfo> metrics_;
    std::vector<std::uint8_t> ballast_;
    bool draws_faults_ = false;
};

}  // namespace

std::vector<MetricInfo> toy_metrics() { return {{"valid_loss"}, {"valid_accuracy"}, {"test_loss", true}}; }

std::unique_ptr<Trainer> make_toy_trainer(ToySettings settings, std::shared_ptr<const SearchSpace> space) {
    return std::make_unique<ToyTrainer>(settings, std::move(space));
}

TrainerDescriptor toy_descriptor() {
    using namespace make_key;
    using S = ToySettings;
    std::vector<Field<Surface>> surface{
        setting(&Surface::kind, choice("surface", surface_names(),
                                       "The analytic learning curves: a bowl; a bowl with a sharp valley in the first "
                                       "parameter; good ones slow at first; all alike but for noise. Then those for "
                                       "populations, where the whole schedule of the first parameter counts: its "
                                       "lowest value is best; low values are best for 8 units and then do harm "
                                       "(PBT-Zoo's toys); the best value falls with progress; a rate that must fall "
                                       "like 1 / t; the same with two curvatures, where short horizons mislead.")),
        setting(&Surface::noise, number("noise", {0, 1e6}, "Standard deviation of what is added to the loss.")),
    };
    std::vector<Field<S>> own{
        setting(&S::seconds_per_unit,
                duration("cost", {0, 1e6}, "Real time that a unit of training takes (it sleeps).")),
        setting(&S::busy, flag("busy", "Compute for the time of `cost` instead of sleeping.")),
        setting(&S::exception, number("failure_rate", {0, 1}, "Chance that a unit of training fails with an error.")),
        setting(&S::feasible_up_to, number("feasible_up_to", {0, 2},
                                           "A configuration fails if its first two parameters, each between 0 and 1 on "
                                           "its scale, sum to more. With 2 none does.")),
        setting(&S::fails_as, choice("fails_as", {"out_of_memory", "infeasible", "nonfinite"},
                                     "What such a configuration fails with.")),
        setting(&S::state_bytes, bytes("state_bytes", {0, 0x1p40}, "Ballast in each snapshot, to try transfers.")),
    };
    return {
        .name = "toy",
        .summary = "analytic learning curves that take no time, for trying things out; any parameter names",
        .defaults = S(),
        .fields = erased(concatenated(part_of(&S::surface, std::move(surface)), std::move(own))),
        .metrics = [](const S&, const TrainerContext&) { return toy_metrics(); },
        .make =
            [](const S& settings, const TrainerContext& context, const TrainerPlace&) {
                auto seeded = settings;
                seeded.surface.seed = context.run_seed;
                return make_toy_trainer(seeded, context.space);
            },
    };
}

}  // namespace stemma
