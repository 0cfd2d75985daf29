#include "trainer/process/lease_talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <system_error>

#include "core/suggest.hpp"
#include "platform/attentive_clock.hpp"

namespace stemma {
namespace {

using std::chrono::milliseconds;

constexpr const char* never_asked =
    " (a Python script asks by stemma.trials(); a script that does not know Stemma needs placeholders in "
    "trainer.command, "
    "such as \"--lr={lr}\": docs/bring-your-model.md)";

std::string unread_note(const std::vector<std::string>& names) {
    return fmt::format("the program has not read {} of [space]: what is not read has no effect",
                       fmt::join(names, ", "));
}

/// How often a stop request is checked while the program is silent.
constexpr auto tick = milliseconds(20);
constexpr double memory_tick = 0.5;

/// A failure, thrown to end the conversation.
struct Ended {
    TalkFailed how;
};

class LeaseTalk {
public:
    LeaseTalk(const Talk& talk, const TrainRequest& request) : talk_(talk), request_(request) {}

    Trained run() {
        child().look();
        if (auto early = child().next(milliseconds(0))) said_between(*early);
        child().output().clear();
        child().send(lease_json({talk_.lease, &request_, request_.from > 0 ? talk_.scratch->start_file() : "",
                                 talk_.scratch->save_file(), talk_.settings->run_seed}));
        heard();
        while (true) {
            ask_to_stop();
            const auto event = child().next(tick);
            if (!event) {
                check_deadlines();
                continue;
            }
            heard();
            if (const auto* ended = std::get_if<ChildEnded>(&*event)) fail_ended(*ended);
            if (const auto* garbled = std::get_if<ChildGarbled>(&*event)) fail_garbled(*garbled);
            said_ = true;
            if (take(parse(std::get<ChildSaid>(*event).json))) return std::move(trained_);
        }
    }

private:
    Child& child() { return *talk_.child; }

    [[noreturn]] void fail(FailureKind kind, std::string type, std::string message, bool usable = false) {
        const auto reached = trained_.rows.empty() ? request_.from : trained_.rows.back().resource;
        throw Ended{{{kind, std::move(type), with_output(std::move(message), child()), reached},
                     usable,
                     !usable && ended_ && !said_}};
    }
    [[noreturn]] void fail_protocol(const std::string& what) {
        fail(FailureKind::exception, "protocol",
             what + " (docs/process-protocol.md; `stemma conform` tries a program)");
    }
    [[noreturn]] void fail_garbled(const ChildGarbled& garbled) {
        ended_ = garbled.closed;
        fail_protocol(garbled.what);
    }
    [[noreturn]] void fail_ended(const ChildEnded& ended) {
        ended_ = true;
        fail(FailureKind::exception, ended.how,
             fmt::format("the program ended in the middle of a lease: {}{}", ended.how,
                         ended.killed
                             ? "; if the kernel did that for want of memory (dmesg says so), trainer.memory sets "
                               "a limit that is seen before"
                             : ""));
    }

    /// A message that came before the lease was given: the program is out of step.
    void said_between(const ChildEvent& event) {
        if (const auto* ended = std::get_if<ChildEnded>(&event)) fail_ended(*ended);
        if (const auto* garbled = std::get_if<ChildGarbled>(&event)) fail_garbled(*garbled);
        static_cast<void>(parse(std::get<ChildSaid>(event).json));
        fail_protocol(
            "a message came between two leases: each lease ends with one report or failure, and nothing after it");
    }

    FromChild parse(const std::string& json) {
        try {
            return parse_from_child(json);
        } catch (const ProtocolError& error) {
            fail_protocol(error.what());
        }
    }

    void heard() {
        if (talk_.settings->silence_timeout > 0) silent_until_ = clock_.now() + talk_.settings->silence_timeout;
    }

    void ask_to_stop() {
        if (stop_until_ || request_.stop == nullptr || !request_.stop->load(std::memory_order_relaxed)) return;
        child().send(stop_json(talk_.lease));
        stop_until_ = clock_.now() + talk_.settings->stop_timeout;
    }

    void check_deadlines() {
        const double now = clock_.now();
        if (stop_until_ && now > *stop_until_) {
            fail(FailureKind::timed_out, "stop_timeout",
                 fmt::format("the program was told to stop and had not reported after {:g} s (trainer.stop_timeout)",
                             talk_.settings->stop_timeout));
        }
        if (silent_until_ && now > *silent_until_) {
            fail(FailureKind::timed_out, "silence_timeout",
                 fmt::format("the program sent nothing for {:g} s (trainer.silence_timeout)",
                             talk_.settings->silence_timeout));
        }
        if (talk_.settings->memory == 0 || now < memory_next_) return;
        memory_next_ = now + memory_tick;
        if (const auto used = child().memory(talk_.settings->memory); used > talk_.settings->memory) {
            fail(FailureKind::out_of_memory, "trainer.memory",
                 fmt::format("the program and what it started used {} MiB of memory; trainer.memory allows {} MiB",
                             used >> 20U, talk_.settings->memory >> 20U));
        }
    }

    void require_lease(std::uint64_t lease, const char* what) {
        if (lease == talk_.lease) return;
        fail_protocol(fmt::format("a {} of lease {} came during lease {}: each lease is reported once", what, lease,
                                  talk_.lease));
    }

    /// In the order of the job's metrics. Nothing where the message has no value; a NaN in the message is a value.
    std::vector<std::optional<double>> row_of(const NamedMetrics& metrics) {
        const auto& known = talk_.settings->metrics;
        std::vector<std::optional<double>> values(known.size());
        for (const auto& [name, value] : metrics) {
            const auto at = std::ranges::find(known, name, &MetricInfo::name);
            if (at == known.end()) {
                std::vector<std::string> names;
                for (const auto& metric : known) names.push_back(metric.name);
                fail_protocol("metric \"" + name + "\" is not in trainer.metrics of the job" +
                              did_you_mean(name, names) + "; the program or [metric] and trainer.metrics must change");
            }
            values[static_cast<std::size_t>(at - known.begin())] = value;
        }
        return values;
    }

    void add_row(Resource at, const NamedMetrics& metrics, bool last) {
        auto& rows = trained_.rows;
        const auto before = rows.empty() ? request_.from : rows.back().resource;
        const bool same = last && !rows.empty() && at == before;
        if (at > request_.to || (at <= before && !same)) {
            fail_protocol(fmt::format("\"at\" is {}, but the lease goes from {} to {} and {} was reached", at,
                                      request_.from, request_.to, before));
        }
        const auto values = row_of(metrics);
        if (!same) {
            rows.push_back({at, std::vector<double>(values.size(), std::numeric_limits<double>::quiet_NaN())});
            last_.assign(values.size(), std::nullopt);
        }
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (!values[i]) continue;
            last_[i] = values[i];
            rows.back().values[i] = *values[i];
        }
        // The progress of the last unit was shown already. The report only adds to it.
        if (!same && request_.progress) request_.progress(rows.back());
    }

    /// True when the lease has ended well.
    bool take(const FromChild& message) {
        if (const auto* progress = std::get_if<ChildProgress>(&message)) {
            require_lease(progress->lease, "progress");
            add_row(progress->at, progress->metrics, false);
            return false;
        }
        if (const auto* failure = std::get_if<ChildFailure>(&message)) {
            require_lease(failure->lease, "failure");
            fail(failure->kind, failure->type.empty() ? "failure" : failure->type, failure->message, true);
        }
        const auto* report = std::get_if<ChildReport>(&message);
        if (report == nullptr) fail_protocol("a hello came in the middle of a lease");
        require_lease(report->lease, "report");
        finish(*report);
        return true;
    }

    void finish(const ChildReport& report) {
        if (report.at < request_.to && !stop_until_) {
            fail_protocol(
                fmt::format("the report is at {}, but nothing asked it to stop before {}", report.at, request_.to));
        }
        add_row(report.at, report.metrics, true);
        trained_.reached = report.at;
        require_finite();
        if (!report.unread.empty()) trained_.note = unread_note(report.unread);
        if (!report.snapshot) return;
        try {
            trained_.snapshot = talk_.scratch->take_saved();
        } catch (const std::system_error& error) {
            fail(FailureKind::exception, "snapshot",
                 fmt::format("the program reported a snapshot that cannot be read: {}", error.what()), true);
        }
    }

    /// Checks the last row, whichever messages its values came with.
    void require_finite() {
        const auto& known = talk_.settings->metrics;
        for (std::size_t i = 0; i < known.size(); ++i) {
            if (!last_[i] && known[i].name == talk_.settings->needed_metric) {
                fail_protocol("the report lacks " + known[i].name + ", by which the job ranks members");
            }
            if (known[i].held_out || !last_[i] || std::isfinite(*last_[i])) continue;
            fail(FailureKind::nonfinite, known[i].name, fmt::format("{} is {}", known[i].name, *last_[i]), true);
        }
    }

    const Talk& talk_;
    const TrainRequest& request_;
    bool said_ = false;   ///< the program sent a message about this lease
    bool ended_ = false;  ///< the program has ended, or closed its end
    Trained trained_;
    std::vector<std::optional<double>> last_;  ///< row of trained_; nothing where no value was sent
    AttentiveClock clock_;                     ///< while this process does not run, a program's silence does not count
    std::optional<double> silent_until_;
    std::optional<double> stop_until_;
    double memory_next_ = 0;
};

}  // namespace

std::string with_output(std::string what, Child& child) {
    child.look();  // reads output that has not been read yet
    const auto text = child.output().text();
    if (text.empty()) return what;
    return what + (what.empty() ? "" : "\n") + "it printed last:\n" + text;
}

ChildHello greet(const ProcessSettings& settings, Child& child) {
    AttentiveClock clock;
    std::optional<ChildEvent> event;
    while (!event && clock.now() < settings.start_timeout) event = child.next(tick);
    if (!event) {
        throw ProtocolError(with_output(
            fmt::format("the program said no hello for {:g} s (trainer.start_timeout)", settings.start_timeout),
            child));
    }
    if (const auto* ended = std::get_if<ChildEnded>(&*event)) {
        throw ProtocolError(with_output("the program ended before it asked for a training: " + ended->how +
                                            (ended->how == "exit code 0" ? never_asked : ""),
                                        child));
    }
    if (const auto* garbled = std::get_if<ChildGarbled>(&*event))
        throw ProtocolError(with_output(garbled->what, child));
    const auto message = parse_from_child(std::get<ChildSaid>(*event).json);
    const auto* hello = std::get_if<ChildHello>(&message);
    if (hello == nullptr) throw ProtocolError("the program's first message was no hello");
    if (hello->protocol != process_protocol_version) {
        throw ProtocolError(
            fmt::format("the program speaks version {} of the protocol, this Stemma {}; use the package "
                        "that belongs to it",
                        hello->protocol, process_protocol_version));
    }
    child.send(welcome_json(settings.metrics, settings.unit, settings.place.threads));
    child.set_greeted();
    return *hello;
}

std::variant<Trained, TalkFailed> talk_lease(const Talk& talk, const TrainRequest& request) {
    try {
        return LeaseTalk(talk, request).run();
    } catch (Ended& ended) {
        return std::move(ended.how);
    }
}

}  // namespace stemma
