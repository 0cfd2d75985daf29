#include "trainer/process/conform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "core/error.hpp"

namespace stemma {
namespace {

class Conform {
public:
    Conform(const ConformanceCase& given, std::shared_ptr<ChildStarter> starter)
        : given_(given), starter_(std::move(starter)), trainer_(make_process_trainer(given.settings, starter_)) {}

    std::vector<ConformanceCheck> run() {
        if (!hello()) return std::move(checks_);
        const auto whole = whole_lease();
        if (!whole) return std::move(checks_);
        repeated(*whole);
        continued(*whole);
        adopted();
        stopped();
        foreign();
        several(*whole);
        return std::move(checks_);
    }

private:
    void add(std::string what, Conformance result, std::string detail = "") {
        checks_.push_back({std::move(what), result, std::move(detail)});
    }

    bool hello() {
        try {
            std::vector<std::string> change;
            for (const auto& one : given_.changes) change.push_back((*given_.space)[one.parameter].name);
            check_process(given_.settings, change, *starter_);
        } catch (const UserError& error) {
            add("starts, says hello, ends when told to", Conformance::failed, error.what());
            return false;
        }
        add("starts, says hello, ends when told to", Conformance::ok);
        return true;
    }

    TrainRequest request(Resource from, Resource to, const Snapshot* start) const {
        return {.member = {3},
                .configuration = {*given_.space, given_.configuration},
                .seed = 42,
                .from = from,
                .to = to,
                .max = adopted_to(),
                .start = start};
    }

    Resource cut() const { return given_.units / 2; }
    /// At least two units after an adoption: a schedule that moves after each unit shows in the second.
    Resource adopted_to() const { return std::max(given_.units, cut() + 2); }

    /// The result, or nothing after a line that says what went wrong.
    std::optional<Trained> trained(Trainer& trainer, const TrainRequest& request, const std::string& what) {
        auto result = trainer.train(request);
        if (const auto* failure = std::get_if<TrainFailure>(&result)) {
            add(what, Conformance::failed,
                fmt::format("{} ({}): {}", name_of(failure->kind), failure->type, failure->message));
            return std::nullopt;
        }
        return std::move(std::get<Trained>(result));
    }

    std::optional<Trained> whole_lease() {
        const std::string what = fmt::format("trains from scratch to {}", given_.units);
        auto whole = trained(*trainer_, request(0, given_.units, nullptr), what);
        if (!whole) return whole;
        add(what, Conformance::ok);
        const auto rows = std::ssize(whole->rows);
        if (rows < given_.units) {
            add("shows progress at each unit", Conformance::note,
                fmt::format("{} of {} units: the learning curve has gaps, silence_timeout must bear a whole lease",
                            rows, given_.units));
        } else {
            add("shows progress at each unit", Conformance::ok);
        }
        add("reads every hyperparameter", whole->note.empty() ? Conformance::ok : Conformance::note, whole->note);
        const bool kept = !whole->snapshot.arrays().empty();
        add("leaves a snapshot", kept ? Conformance::ok : Conformance::note,
            kept ? "" : "none: a member that goes on is trained again from scratch");
        return whole;
    }

    static bool same_metrics(const Trained& a, const Trained& b) {
        const auto& x = a.rows.back().values;
        const auto& y = b.rows.back().values;
        return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](double p, double q) {
            return p == q || (p != p && q != q);  // not measured
        });
    }

    void repeated(const Trained& whole) {
        const std::string what = "a new start of the program gives the same metrics";
        const auto again = make_process_trainer(given_.settings, starter_);
        const auto other = trained(*again, request(0, given_.units, nullptr), what);
        if (!other) return;
        const bool same = same_metrics(whole, *other);
        add(what, same ? Conformance::ok : Conformance::note,
            same
                ? ""
                : "they differ: seed everything by the member's seed (Python: trial.seed() first), else a replay gives "
                  "other numbers");
    }

    void continued(const Trained& whole) {
        if (whole.snapshot.arrays().empty()) return;
        const std::string what = "goes on from a snapshot";
        begun_ = trained(*trainer_, request(0, cut(), nullptr), what);
        if (!begun_) return;
        const auto rest = trained(*trainer_, request(cut(), given_.units, &begun_->snapshot), what);
        if (!rest) return;
        const bool same = same_metrics(whole, *rest);
        add(what, same ? Conformance::ok : Conformance::note,
            same ? ""
                 : "with other metrics than in one go. Either the snapshot lacks something (optimizer, random streams, "
                   "a data loader's generator, what persistent workers draw, a split that is not by run_seed). Or an "
                   "epoch leaves a state behind that the next one does not set (model.train() after model.eval())");
    }

    /// Children that go on from the snapshot at the cut: first with the parent's values, then each with one value
    /// changed.
    void adopted() {
        if (!begun_ || begun_->snapshot.arrays().empty()) return;
        const std::string what = "a child with its parent's values trains as the parent would go on";
        const auto parent = trained(*trainer_, request(cut(), adopted_to(), &begun_->snapshot), what);
        if (!parent) return;
        const auto same = trained(*trainer_, birth(given_.configuration), what);
        if (!same) return;
        const auto difference = difference_of(*same, *parent);
        if (!difference.empty()) {
            const auto again = trained(*trainer_, birth(given_.configuration), what);
            if (!again) return;
            if (!difference_of(*again, *same).empty()) {
                add(what, Conformance::note,
                    difference +
                        "; two such children differ, too: neither the snapshot nor the seeds decide all that "
                        "is drawn. So what other values do cannot be told");
                return;
            }
        }
        add(what, difference.empty() ? Conformance::ok : Conformance::note,
            difference.empty() ? ""
                               : difference +
                                     ": something is not taken from the snapshot, or is drawn anew by the "
                                     "child's seed (docs/bring-your-model.md, children)");
        for (const auto& change : given_.changes) changed(change, *same);
    }

    void changed(const ConformanceChange& change, const Trained& same) {
        const auto& name = (*given_.space)[change.parameter].name;
        const auto what = fmt::format("a child trains with another {}", name);
        const auto result = trainer_->train(birth(change.configuration));
        if (const auto* failure = std::get_if<TrainFailure>(&result)) {
            add(what, Conformance::failed,
                fmt::format("{} ({}): {}\nif it cannot change in mid-training: role = \"fixed\" in [space.{}]",
                            name_of(failure->kind), failure->type, failure->message, name));
            return;
        }
        const bool effect = !difference_of(std::get<Trained>(result), same).empty();
        const auto text = [&](const Configuration& configuration) {
            return to_string(*given_.space->literal(change.parameter, configuration[change.parameter]));
        };
        add(what, effect ? Conformance::ok : Conformance::note,
            effect
                ? ""
                : fmt::format("{} has no effect after an adoption: with {} and {} all metrics are the same up to {}; "
                              "either the parent's is used, or it acts later (--units)",
                              name, text(given_.configuration), text(change.configuration), adopted_to()));
    }

    /// Another member, as a child is.
    TrainRequest birth(const Configuration& configuration) const {
        auto child = request(cut(), adopted_to(), &begun_->snapshot);
        child.member = {4};
        child.configuration = {*given_.space, configuration};
        child.seed = 43;
        child.adopted = true;
        child.parent_configuration = NamedConfiguration(*given_.space, given_.configuration);
        return child;
    }

    /// The metric that differs most, relative to the larger of its two values; "" = no metric differs.
    std::string difference_of(const Trained& child, const Trained& parent) const {
        std::string out = child.rows.size() == parent.rows.size() ? "" : "it told other units";
        double most = 0;
        for (std::size_t row = 0; row < std::min(child.rows.size(), parent.rows.size()); ++row) {
            const auto& x = child.rows[row].values;
            const auto& y = parent.rows[row].values;
            for (std::size_t i = 0; i < x.size(); ++i) {
                const auto difference = relative(x[i], y[i]);
                if (difference <= most) continue;
                most = difference;
                out = fmt::format("{} at {} is {:g} and not {:g} ({:.2g} %)", given_.settings.metrics[i].name,
                                  child.rows[row].resource, x[i], y[i], 100 * difference);
            }
        }
        return out;
    }

    static double relative(double x, double y) {
        if (x == y || (std::isnan(x) && std::isnan(y))) return 0;  // not measured
        if (!std::isfinite(x) || !std::isfinite(y)) return 1;
        const auto largest = std::max(std::abs(x), std::abs(y));
        return std::abs(x / largest - y / largest);
    }

    void stopped() {
        const std::string what = "stops at the next unit when asked to";
        const std::atomic<bool> stop = true;
        auto asked = request(0, given_.units, nullptr);
        asked.stop = &stop;
        const auto partial = trained(*trainer_, asked, what);
        if (!partial) return;
        // Several processes agree on the last unit before it begins.
        const bool soon = partial->reached <= (given_.settings.processes > 1 || given_.settings.at_once > 1 ? 2 : 1);
        stops_ = soon;
        add(what, soon ? Conformance::ok : Conformance::note,
            soon ? "" : fmt::format("it went on to {}", partial->reached));
    }

    static Snapshot no_snapshot() {
        Snapshot damaged;
        const std::string text = "this is no snapshot";
        damaged.add("process", DType::u8, {std::ssize(text)}, std::as_bytes(std::span(text)));
        return damaged;
    }

    void foreign() {
        const std::string what = "survives a snapshot that it cannot read";
        const auto damaged = no_snapshot();
        const auto result = trainer_->train(request(1, given_.units, &damaged));
        if (std::holds_alternative<Trained>(result)) {
            add(what, Conformance::note, "it trained on as if nothing were wrong");
            return;
        }
        const auto& failure = std::get<TrainFailure>(result);
        const bool told = failure.kind == FailureKind::snapshot_unavailable;
        add(what, told ? Conformance::ok : Conformance::note,
            told ? ""
                 : fmt::format("it failed as \"{}\" ({}); \"snapshot_unavailable\" would have it trained again",
                               name_of(failure.kind), failure.type));
        static_cast<void>(trained(*trainer_, request(0, 1, nullptr), "trains on after a failure"));
    }

    // ---- several at the same time ----------------------------------------------------------------------------------

    std::vector<TrainResult> at_the_same_time(const std::vector<TrainRequest>& requests) {
        std::vector<TrainResult> results(requests.size());
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            threads.emplace_back([this, &requests, &results, i] { results[i] = trainer_->train(requests[i]); });
        }
        threads.clear();
        return results;
    }

    /// Why one of these did not train to its end, but for the first `but`; "" if all did.
    std::string fault_in(const std::vector<TrainResult>& results, std::size_t but = 0) const {
        for (auto at = but; at < results.size(); ++at) {
            if (const auto* failure = std::get_if<TrainFailure>(&results[at]))
                return fmt::format("{} ({}): {}", name_of(failure->kind), failure->type, failure->message);
            if (const auto reached = std::get<Trained>(results[at]).reached; reached != given_.units)
                return fmt::format("one of the others ended at {} and not at {}", reached, given_.units);
        }
        return "";
    }

    void several(const Trained& whole) {
        const auto count = given_.settings.at_once;
        if (count == 1) return;
        std::vector<TrainRequest> requests(count, request(0, given_.units, nullptr));
        for (std::uint32_t i = 1; i < count; ++i) {
            requests[i].member = {100 + std::uint64_t{i}};
            requests[i].seed = 100 + i;
        }
        const auto what = fmt::format("trains {} at the same time", count);
        const auto all = at_the_same_time(requests);
        if (const auto fault = fault_in(all); !fault.empty()) return add(what, Conformance::failed, fault);
        const bool same = same_metrics(whole, std::get<Trained>(all.front()));
        add(what, same ? Conformance::ok : Conformance::note,
            same ? ""
                 : "with other metrics than alone: results depend on the members beside, so that a replay gives other "
                   "numbers (give each trial a generator of its own)");
        std::atomic<bool> stop = false;
        if (stops_) {
            auto& one = requests.front();
            one.to = 1000 * given_.units;  // it is stopped after its first unit
            one.max = 0;
            one.stop = &stop;
            one.progress = [&](const MetricRow&) { stop = true; };
            one_of(requests, "one is stopped, and the others go on");
        }
        const auto damaged = no_snapshot();
        requests.front() = request(1, given_.units, &damaged);
        one_of(requests, "one fails, and the others go on");
    }

    void one_of(const std::vector<TrainRequest>& requests, const std::string& what) {
        const auto fault = fault_in(at_the_same_time(requests), 1);
        add(what, fault.empty() ? Conformance::ok : Conformance::failed, fault);
    }

    const ConformanceCase& given_;
    std::shared_ptr<ChildStarter> starter_;
    std::unique_ptr<Trainer> trainer_;
    bool stops_ = false;            ///< when asked to
    std::optional<Trained> begun_;  ///< to the cut, if training can go on from there
    std::vector<ConformanceCheck> checks_;
};

}  // namespace

std::vector<ConformanceChange> changes_of_children(const SearchSpace& space, const Configuration& configuration) {
    std::vector<ConformanceChange> changes;
    for (std::size_t i = 0; i < space.size(); ++i) {
        if (!may_differ(space[i].role) || std::holds_alternative<Inactive>(configuration[i])) continue;
        // Far away first: a neighboring value may have the same effect.
        for (const double step : {0.5, 0.25, 0.75, 0.4, 0.1, 0.9}) {
            auto unit = space.to_unit(configuration);
            unit[i] = std::fmod(unit[i] + step, 1.0);
            auto other = space.from_unit(unit);
            for (std::size_t j = 0; j < space.size(); ++j) {  // from_unit rounds values that a user gave
                const bool active = !std::holds_alternative<Inactive>(other[j]);
                if (j != i && active && !std::holds_alternative<Inactive>(configuration[j]))
                    other[j] = configuration[j];
            }
            if (other[i] == configuration[i] || !space.allowed(other)) continue;
            changes.push_back({i, std::move(other)});
            break;
        }
    }
    return changes;
}

std::vector<ConformanceCheck> conform(const ConformanceCase& given, std::shared_ptr<ChildStarter> starter) {
    return Conform(given, std::move(starter)).run();
}

}  // namespace stemma
