#pragma once
// What the program knows of a kind of trainer besides how it trains: its name and keys in a job file, its metrics, and
// its factory. Each trainer has its descriptor beside its code; registry/registry.cpp lists them.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "options/of_settings.hpp"
#include "trainer/hypergradient.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

class FirstProgram;  // of trainer/process

/// How kinds of trainers differ, for code that must not ask for their name.
struct TrainerTraits {
    bool moves = false;     ///< can move hyperparameters while a member trains: role = "hypergradient"
    bool libtorch = false;  ///< trains where this build's LibTorch can: on GPUs if it has CUDA
    bool program = false;   ///< starts a program of the user, which has its own libraries, log and GPUs
    bool asked = false;     ///< no worker trains: `stemma ask` gives trainings out
};

/// A value that is fixed in [trainer] or searched as a parameter of that name in [space].
struct Hyperparameter {
    Key key = {};
    std::string needs = {};  ///< a key or hyperparameter on which its use depends; "" = always of use
    std::vector<std::string> needs_values = {};              ///< of use only with one of these
    std::string other_form = {};                             ///< the other way to give the same number: not both
    std::map<std::string, std::string> other_defaults = {};  ///< by the value of `needs`, where it is not the key's
    bool structural = false;  ///< the weights or their meaning depend on it: fixed for a lineage
    bool to_max = false;      ///< its default is scheduler.max
};

/// What a trainer gets from the job besides its own settings.
struct TrainerContext {
    std::shared_ptr<const SearchSpace> space;
    std::string metric;          ///< by which the job ranks members; of several the first
    std::string unit = "epoch";  ///< what resources count: "epoch" or "step"
    std::uint64_t run_seed = 1;
    std::string folder = {};                    ///< that relative paths of the job start from; "" = the current one
    std::map<std::string, Literal> fixed = {};  ///< hyperparameters that the space does not have
    std::optional<HypergradientSettings> hypergradient = {};
    std::vector<std::string> changed_by_children = {};  ///< parameters in which a child may differ from its parent
    std::vector<std::string> more_metrics = {};         ///< that the job optimizes beside the first
};

/// Where one worker trains.
struct TrainerPlace {
    std::string device = "cpu";  ///< "cpu", "cuda:0" or "xpu:0"
    std::uint32_t threads = 1;
    std::vector<std::string> gpus = {};                 ///< of a program: the GPUs that it sees
    std::string gpu_variable = "CUDA_VISIBLE_DEVICES";  ///< of a program: the variable that names them
    /// Of a program under NVIDIA's MPS: percent of the GPU's processors that each of its processes gets; 0 = no limit.
    std::uint32_t mps_percentage = 0;
    std::string program_log = {};                      ///< of a program: file that gets all its output
    std::shared_ptr<FirstProgram> program = {};        ///< of a program: that of a worker in this process; may be null
    std::function<void(const std::string&)> say = {};  ///< remarks for the user; may be empty
};

/// One value of trainer.type. Each trainer has its own type of settings, which is erased here.
struct TrainerDescriptor {
    std::string name;
    std::string summary;
    TrainerTraits traits = {};
    std::any defaults;  ///< a value of the settings' type
    Fields fields = {};
    /// Names that the space may have, and [trainer] too. Empty: the space may have any name.
    std::vector<Hyperparameter> hyperparameters = {};
    /// Fills in defaults that depend on the job's metric.
    OfSettings<void(std::any&, const std::vector<std::string>& metrics)> complete = {};
    /// Conditions on several keys. The range of each key has been checked.
    OfSettings<std::vector<Contradiction>(const std::any&, const std::string& metric)> check = {};
    /// Conditions on the settings and the space. May be empty.
    OfSettings<std::vector<Contradiction>(const std::any&, const SearchSpace&)> check_space = {};
    /// What is allowed, and hardly meant. Each begins with the key that it is about. May be empty.
    OfSettings<std::vector<std::string>(const std::any&, const SearchSpace&)> remarks = {};
    /// The metrics that it will report, without building it. May load libraries. Throws UserError.
    OfSettings<std::vector<MetricInfo>(const std::any&, const TrainerContext&)> metrics;
    /// Faults that can be found without building it: missing data, a program that does not start. Throws UserError.
    OfSettings<void(const std::any&, const TrainerContext&, const TrainerPlace&)> check_here = {};
    /// Reads data, so it may take seconds. Throws UserError. Empty where no worker trains.
    OfSettings<std::unique_ptr<Trainer>(const std::any&, const TrainerContext&, const TrainerPlace&)> make = {};
    /// Code of the job's author that runs where members are trained: "starts python3 train.py"; "" = none.
    OfSettings<std::string(const std::any&)> foreign_code = {};
    /// True if a new program starts for each training.
    OfSettings<bool(const std::any&)> starts_anew = {};
    /// Trainings that one worker takes at the same time. Empty: one.
    OfSettings<std::uint32_t(const std::any&)> at_once = {};
    /// What a child goes on with besides weights, for the log; "" = nothing is known.
    OfSettings<std::string(const std::any&)> children_start = {};
};

}  // namespace stemma
