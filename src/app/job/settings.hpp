#pragma once
// What a job file says, as plain data: settings of schedulers and samplers, never their implementation. Every field is
// filled by the key of the same name in the tables (tables.cpp, trainer_table.cpp), where ranges and meanings are
// documented.

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
#include "scheduler/registry.hpp"
#include "space/search_space.hpp"
#include "trainer/hypergradient.hpp"

namespace stemma {

struct RunSettings {
    std::string name;        ///< default: the job file's name without ".toml"
    std::uint64_t seed = 1;  ///< < 2^63
    std::string output;      ///< default: "runs/<name>.h5"
    Budget budget;           ///< budget.resource is in the trainer's unit
};

struct MetricSettings {
    std::string name;
    bool maximize = false;
};

enum class Births : std::uint8_t { perturb, propose };

struct SamplerSettings {
    const SamplerDescriptor* type = &sampler_named("random");
    std::any settings = type->defaults;  ///< of the type that the descriptor knows
    std::vector<Configuration> first;    ///< tried before any draw: [[sampler.first]], then the defaults
    bool wait_for_model = false;         ///< of samplers that fit models
    std::optional<Births> births;
    ExploreSettings explore;

    /// As what they are; std::bad_any_cast if they are of another sampler.
    template <class Settings>
    const Settings& as() const {
        return std::any_cast<const Settings&>(settings);
    }
};

enum class FinalResult : std::uint8_t { any_rung, max };

struct SchedulerSettings {
    const SchedulerDescriptor* type = &scheduler_named("asha");
    std::any settings = type->defaults;  ///< of the type that the descriptor knows
    Resource max = 0;                    ///< R, in the trainer's unit: what a member is trained to at most
    std::uint32_t repeats = 1;           ///< >= 1; 1 for lineages
    FinalResult final_result = FinalResult::any_rung;
    std::vector<Configuration> stages;  ///< of [[schedule]], for a scheduler that trains by stages

    bool population() const { return type->traits.population; }
    /// Trains by [[schedule]], which stands for the sampler too.
    bool scheduled() const { return type->take_stages != nullptr; }
    /// As what they are; std::bad_any_cast if they are of another scheduler.
    template <class Settings>
    const Settings& as() const {
        return std::any_cast<const Settings&>(settings);
    }
};

enum class TrainerType : std::uint8_t { toy, torch, process, task, ask };
enum class TrainerUnit : std::uint8_t { epoch, step };
enum class DataSet : std::uint8_t { fashion_mnist, cifar10, csv, text };
enum class Split : std::uint8_t { rows, permuted };
enum class ModelKind : std::uint8_t { mlp, lenet, resnet18, lstm, torchscript };
enum class ProgramRestart : std::uint8_t { when_needed, each_training };
enum class MixedPrecision : std::uint8_t { off, bf16 };

struct TrainerSettings {
    TrainerType type = TrainerType::torch;
    TrainerUnit unit = TrainerUnit::epoch;

    // torch
    DataSet data = DataSet::fashion_mnist;
    std::string path;    ///< csv: the file; images: the folder, "" = where Debian's package of Fashion-MNIST puts it
    std::string target;  ///< csv: name of the column to predict, "" = the last one
    Split split = Split::permuted;
    double valid = 0;  ///< validation set: a share if < 1, otherwise a number of rows; 0 = the data set's own
    double test = 0;   ///< test set, given in the same way
    std::uint64_t vocabulary = 10000;  ///< text: most words that the model knows, >= 2
    std::uint64_t train_rows = 0;      ///< 0 = all rows that are left
    ModelKind model = ModelKind::mlp;
    MixedPrecision amp = MixedPrecision::off;
    bool tf32 = false;
    bool deterministic = true;
    bool inherit_optimizer = true;  ///< a child starts with its parent's moments
    /// [trainer.hypergradient], or its defaults where a parameter has role = "hypergradient".
    std::optional<HypergradientSettings> hypergradient;
    /// Hyperparameters that the space does not have: given in [trainer], otherwise the table's default. Only
    /// hyperparameters that can matter (no `width` for a LeNet, no `momentum` for Adam). Of beta and one_minus_beta
    /// only one is here or in the space.
    std::map<std::string, Literal> fixed;

    // task (and path)
    std::string library;  ///< shared library, "" = tasks of the program itself
    std::string task;     ///< "" = the only one there is

    // process and ask
    std::vector<Literal> metrics;   ///< texts: what is reported besides the job's metric
    std::vector<Literal> held_out;  ///< texts: the metrics among them that no decision may see

    // process
    std::vector<Literal> command;  ///< texts: the program and its arguments
    std::string scratch;           ///< folder for snapshots, "" = shared memory
    double start_timeout = 300;    ///< seconds
    double silence_timeout = 0;    ///< seconds; 0 = none
    double stop_timeout = 300;     ///< seconds
    std::uint64_t memory = 0;      ///< bytes; 0 = any
    std::uint32_t gpus_per_worker = 1;
    ProgramRestart restart = ProgramRestart::when_needed;

    // toy
    std::string surface = "quadratic";
    double cost = 0;                ///< seconds per unit of resource
    double noise = 0;               ///< standard deviation added to the loss
    double failure_rate = 0;        ///< share of leases that fail, 0 .. 1
    std::uint64_t state_bytes = 0;  ///< extra size of a snapshot

    std::string_view model_name() const {
        switch (model) {
            case ModelKind::mlp:
                return "mlp";
            case ModelKind::lenet:
                return "lenet";
            case ModelKind::resnet18:
                return "resnet18";
            case ModelKind::lstm:
                return "lstm";
            case ModelKind::torchscript:
                return "torchscript";
        }
        unreachable("a model has one of the names");
    }
    std::string_view unit_name() const { return unit == TrainerUnit::epoch ? "epoch" : "step"; }
};

enum class Device : std::uint8_t { automatic, cpu, cuda };

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
    std::uint32_t trainings_ahead = 0;
    double heartbeat = 5;        ///< seconds between two signs of life
    double lost_after = 60;      ///< seconds without one
    double start_timeout = 300;  ///< seconds until all ranks are there
    std::uint32_t retries = 1;
    std::uint32_t failures_in_a_row = 10;
};

}  // namespace stemma
