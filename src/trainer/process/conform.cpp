#include "trainer/process/conform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>

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
        stopped();
        foreign();
        return std::move(checks_);
    }

private:
    void add(std::string what, Conformance result, std::string detail = "") {
        checks_.push_back({std::move(what), result, std::move(detail)});
    }

    bool hello() {
        try {
            check_process(given_.settings, {}, *starter_);
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
                .start = start};
    }

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
            same ? "" : "they differ: seed everything from the lease's seed, else a replay gives other numbers");
    }

    void continued(const Trained& whole) {
        if (whole.snapshot.arrays().empty()) return;
        const std::string what = "goes on from a snapshot";
        const auto cut = given_.units / 2;
        const auto begun = trained(*trainer_, request(0, cut, nullptr), what);
        if (!begun) return;
        const auto rest = trained(*trainer_, request(cut, given_.units, &begun->snapshot), what);
        if (!rest) return;
        const bool same = same_metrics(whole, *rest);
        add(what, same ? Conformance::ok : Conformance::note,
            same ? ""
                 : "with other metrics than in one go: the snapshot lacks something (optimiser, RNG, data order?)");
    }

    void stopped() {
        const std::string what = "stops at the next unit when asked to";
        const std::atomic<bool> stop = true;
        auto asked = request(0, given_.units, nullptr);
        asked.stop = &stop;
        const auto partial = trained(*trainer_, asked, what);
        if (!partial) return;
        add(what, partial->reached == 1 ? Conformance::ok : Conformance::note,
            partial->reached == 1 ? "" : fmt::format("it went on to {}", partial->reached));
    }

    void foreign() {
        const std::string what = "survives a snapshot that it cannot read";
        Snapshot damaged;
        const std::string text = "this is no snapshot";
        damaged.add("process", DType::u8, {std::ssize(text)}, std::as_bytes(std::span(text)));
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

    const ConformanceCase& given_;
    std::shared_ptr<ChildStarter> starter_;
    std::unique_ptr<Trainer> trainer_;
    std::vector<ConformanceCheck> checks_;
};

}  // namespace

std::vector<ConformanceCheck> conform(const ConformanceCase& given, std::shared_ptr<ChildStarter> starter) {
    return Conform(given, std::move(starter)).run();
}

}  // namespace stemma
