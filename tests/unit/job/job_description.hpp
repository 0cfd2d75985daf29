#pragma once
// All that a job decides, as text: two jobs with the same description make the same search.

#include <sstream>
#include <string>

#include "app/job/job.hpp"
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

inline void describe(Description& out, const SchedulerSettings& s) {
    out.line("scheduler", s.type, s.max, s.min, s.eta, s.early_stopping_rate, s.brackets, s.min_rung_population,
             s.repeats, s.members, s.final_result, s.interval, s.founders, s.stage_ends);
    out.line("periods", s.periods.empty() ? std::vector<Literal>{std::int64_t{1}} : s.periods);
    const auto& p = s.pbt;
    out.line("pbt", p.population, p.burn_in, p.selection, p.bottom, p.top, p.t_test_reports, p.t_test_level,
             p.migration, p.backtrack_after, p.backtracks);
    const auto& g = s.gpbt;
    out.line("gpbt", g.children, g.ratio, g.parents_compete, g.repeat_child, g.early_stopping, g.early_stopping_from,
             g.sequential, g.quorum, g.deadline, g.patience);
}

inline void describe(Description& out, const Job& job, const SamplerSettings& s) {
    const auto startup = startup_of(job);
    out.line("sampler", s.type, s.points, startup.value_or(0), births_of(job), s.wait_for_model);
    const auto& t = s.tpe;
    out.line("tpe", t.good, t.gamma, t.max_good, t.candidates, t.prior_weight, t.multivariate, t.time, t.time_width);
    const auto& g = s.gp;
    out.line("gp", g.data, g.time, g.pending, g.objective, g.warp_inputs, g.warp_outputs, g.search.acquisition,
             g.search.kappa);
    out.line("explore", s.explore.move, s.explore.unit_step, s.explore.resample_probability,
             s.explore.categorical_probability);
    out.line("factors", s.factors.empty() ? std::vector<Literal>{0.8, 1.2} : s.factors);
    for (const auto& point : s.first) out.line("first", job.space->describe(point));
    for (const auto& stage : job.scheduler.stages) out.line("stage", job.space->describe(stage));
}

inline void describe(Description& out, const Job& job, const TrainerSettings& s) {
    out.line("trainer", s.type, s.unit, s.data, s.path, s.target, s.split, s.valid, s.test, s.vocabulary, s.train_rows,
             s.model, s.amp, s.tf32, s.deterministic, s.inherit_optimiser);
    if (const auto& h = s.hypergradient) {
        out.line("hypergradient", h->variant, h->interval, h->terms, h->window, h->reset, h->rate, h->gradient_clip,
                 h->skip_nonfinite, h->clip_norm, h->damping, h->truncate, h->bounds, h->split, h->log_every);
    }
    for (const auto& [name, value] : s.fixed) out.line("fixed", name, value);
    out.line("task", s.library, s.task, s.held_out, s.command, s.scratch, s.start_timeout, s.silence_timeout,
             s.stop_timeout, s.memory, s.gpus_per_worker, s.restart);
    out.line("metrics", s.metrics.empty() ? std::vector<Literal>{job.metric.name} : s.metrics);
    out.line("toy", s.surface, s.cost, s.noise, s.failure_rate, s.state_bytes);
}

inline std::string description(const Job& job) {
    Description out;
    out.line("run", job.run.name, job.run.seed, job.run.output, job.run.budget.members, job.run.budget.reports,
             job.run.budget.resource, job.run.budget.seconds, job.run.budget.target);
    out.line("metric", job.metric.name, job.metric.maximise);
    out.line("space", space_json(*job.space));
    describe(out, job.scheduler);
    describe(out, job, job.sampler);
    describe(out, job, job.trainer);
    const auto& w = job.workers;
    out.line("workers", w.threads, w.device, w.per_gpu, w.snapshot_memory, w.durable, w.replicated, w.spill,
             w.lease_timeout, w.lease_patience, w.leases_ahead, w.heartbeat, w.lost_after, w.start_timeout, w.retries,
             w.failures_in_a_row);
    return out.str();
}

}  // namespace stemma::job_test
