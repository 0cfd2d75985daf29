#pragma once
// What a job file says, as plain data: settings of schedulers, samplers and trainers, never their implementation. Each
// field is filled by the key of the same name. Ranges and meanings are documented in the tables (tables.cpp) and in the
// descriptors of algorithms.

#include <algorithm>
#include <any>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "manager/input.hpp"
#include "manager/manager.hpp"
#include "sampler/explore.hpp"
#include "sampler/registry/registry.hpp"
#include "scheduler/descriptor.hpp"
#include "space/search_space.hpp"
#include "trainer/registry/registry.hpp"

namespace stemma {

struct RunSettings {
    std::string name;        ///< default: the job file's name without ".toml"
    std::uint64_t seed = 1;  ///< < 2^63
    std::string output;      ///< default: "runs/<name>.h5"; without ~ and variables
    std::string folder;      ///< absolute; default: the job file's. Relative paths of [trainer] start from it
    Budget budget;           ///< budget.resource is in the trainer's unit
};

struct MetricSettings {
    std::string name;
    bool maximize = false;
    std::optional<double> baseline;
};

enum class Births : std::uint8_t { perturb, propose };

struct SamplerSettings : Chosen<SamplerDescriptor> {
    SamplerSettings() : Chosen{&named(samplers(), "auto")} {}
    std::vector<Configuration> first;  ///< tried before any draw: [[sampler.first]], then the defaults
    bool wait_for_model = false;       ///< of samplers that fit models
    bool allow_duplicates = false;     ///< of samplers without an end
    std::optional<Births> births;
    ExploreSettings explore;
};

enum class FinalResult : std::uint8_t { any_rung, max };

struct SchedulerSettings : Chosen<SchedulerDescriptor> {
    SchedulerSettings() : Chosen{&named(schedulers(), "asha")} {}
    Resource max = 0;           ///< R, in the trainer's unit: what a member is trained to at most
    std::uint32_t repeats = 1;  ///< >= 1; 1 for lineages
    FinalResult final_result = FinalResult::any_rung;
    std::vector<Configuration> stages;  ///< of [[schedule]], for a scheduler that trains by stages

    bool population() const { return type->traits.population; }
    /// Trains by [[schedule]], which stands for the sampler too.
    bool scheduled() const { return static_cast<bool>(type->take_stages); }
};

enum class TrainerUnit : std::uint8_t { epoch, step };

struct TrainerSettings : Chosen<TrainerDescriptor> {
    TrainerSettings() : Chosen{&named(trainers(), "torch")} {}
    TrainerUnit unit = TrainerUnit::epoch;
    /// [trainer.hypergradient], or its defaults where a parameter has role = "hypergradient".
    std::optional<HypergradientSettings> hypergradient;
    /// Hyperparameters that the space does not have: given in [trainer], otherwise the table's default. Only
    /// hyperparameters that can matter (no `width` for a LeNet, no `momentum` for Adam). Of beta and one_minus_beta
    /// only one is here or in the space.
    std::map<std::string, Literal> fixed;

    std::string unit_name() const { return unit == TrainerUnit::epoch ? "epoch" : "step"; }
    /// Trainings of one worker at the same time.
    std::uint32_t at_once() const { return std::max(1U, type->at_once(settings)); }
    /// Units of training that a stop takes at most: the one in training, and where several processes or members agree
    /// on the last one, the next.
    unsigned stop_units() const { return integer("processes").value_or(1) > 1 || at_once() > 1 ? 2 : 1; }
};

enum class Device : std::uint8_t { automatic, cpu, gpu, cuda, xpu };

struct WorkerSettings {
    std::uint32_t threads = 0;  ///< of one worker's training; 0 = cores of the host / its workers
    Device device = Device::automatic;
    std::uint32_t per_gpu = 1;                    ///< workers that may share a GPU, >= 1
    std::uint64_t snapshot_memory = 2ULL << 30U;  ///< bytes
    DurablePolicy durable = DurablePolicy::promotable;
    DurablePolicy replicated = DurablePolicy::none;
    bool spill = true;
    double training_timeout = 0;   ///< seconds; 0 = none
    double training_patience = 0;  ///< times the slowest pace so far; 0 = none
    std::uint32_t trainings_ahead = leases_ahead_auto;
    double heartbeat = 5;        ///< seconds between two signs of life
    double lost_after = 60;      ///< seconds without one
    double start_timeout = 300;  ///< seconds until all ranks are there
    std::uint32_t retries = 1;
    std::uint32_t failures_in_a_row = 10;
};

}  // namespace stemma
