#pragma once
// All that a job decides, as text: two jobs with the same description make the same search.

#include <sstream>
#include <string>

#include "app/job/job.hpp"
#include "scheduler/fixed_schedule.hpp"
#include "space/json.hpp"

namespace stemma::job_test {

class Description {
public:
    template <class... Values>
    void line(const char* what, const Values&... values) {
        out_ << what << ':';
        ((out_ << ' ' << text(values)), ...);
        out_ << '\n';
    }
    std::string str() const { return out_.str(); }

private:
    template <class T>
    static std::string text(const T& value) {
        if constexpr (std::is_same_v<T, std::string>) {
            return value;
        } else if constexpr (std::is_enum_v<T>) {
            return std::to_string(static_cast<int>(value));
        } else if constexpr (std::is_floating_point_v<T>) {
            std::ostringstream exact;
            exact << std::hexfloat << value;
            return exact.str();
        } else {
            return std::to_string(value);
        }
    }
    static std::string text(const Literal& literal) { return std::to_string(literal.index()) + to_string(literal); }
    static std::string text(const std::optional<double>& value) { return value ? text(*value) : "none"; }
    template <class T>
    static std::string text(const std::vector<T>& values) {
        std::string all = "[";
        for (const auto& value : values) all += text(value) + ",";
        return all + "]";
    }

    std::ostringstream out_;
};

/// What an algorithm is made with, by its keys.
template <class Settings>
void describe(Description& out, const std::vector<Field<Settings>>& fields, const Settings& settings) {
    for (const auto& field : fields) {
        if (!field.load) continue;
        if (const auto value = field.load(settings)) out.line(field.key.name.c_str(), value->value, value->list);
    }
}

inline void describe(Description& out, const SchedulerSettings& s) {
    out.line("scheduler", s.type->name, s.max, s.repeats, s.final_result);
    describe(out, s.type->fields, s.settings);
    if (s.scheduled()) out.line("ends", s.as<FixedScheduleSettings>().ends);
}

inline void describe(Description& out, const Job& job, const SamplerSettings& s) {
    out.line("sampler", s.type->name, births_of(job), s.wait_for_model, s.allow_duplicates);
    describe(out, s.type->fields, s.settings);
    describe(out, explore_fields(), s.explore);
    for (const auto& point : s.first) out.line("first", job.space->describe(point));
    for (const auto& stage : job.scheduler.stages) out.line("stage", job.space->describe(stage));
}

inline void describe(Description& out, const TrainerSettings& s) {
    out.line("trainer", s.type->name, s.unit);
    describe(out, s.type->fields, s.settings);
    if (const auto& h = s.hypergradient) {
        out.line("hypergradient", h->variant, h->interval, h->terms, h->window, h->reset, h->rate, h->gradient_clip,
                 h->skip_nonfinite, h->clip_norm, h->damping, h->truncate, h->bounds, h->settle, h->settle_steps,
                 h->split, h->log_every);
    }
    for (const auto& [name, value] : s.fixed) out.line("fixed", name, value);
}

inline std::string description(const Job& job) {
    Description out;
    out.line("run", job.run.name, job.run.seed, job.run.output, job.run.budget.members, job.run.budget.reports,
             job.run.budget.resource, job.run.budget.seconds, job.run.budget.target);
    out.line("metric", job.metric.name, job.metric.maximize);
    out.line("space", space_json(*job.space));
    describe(out, job.scheduler);
    describe(out, job, job.sampler);
    describe(out, job.trainer);
    const auto& w = job.workers;
    out.line("workers", w.threads, w.device, w.per_gpu, w.snapshot_memory, w.durable, w.replicated, w.spill,
             w.training_timeout, w.training_patience, w.trainings_ahead, w.heartbeat, w.lost_after, w.start_timeout,
             w.retries, w.failures_in_a_row);
    return out.str();
}

}  // namespace stemma::job_test
