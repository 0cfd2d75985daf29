#include <algorithm>

#include "app/job/tables.hpp"
#include "options/make_key.hpp"

namespace stemma {

using namespace make_key;

namespace {

const std::string unit = "the trainer's unit";

std::vector<Field<TrainerSettings>> torch_fields() {
    using S = TrainerSettings;
    std::vector<Field<S>> fields{
        {choice("data", "fashion_mnist", {"fashion_mnist", "cifar10", "csv", "text"},
                "The data set: images of Fashion-MNIST or CIFAR-10 (classification), a table of numbers "
                "(regression), or plain text (the next word is predicted)."),
         into(&S::data)},
        {default_is(
             "fashion_mnist: where Debian's package dataset-fashion-mnist puts it",
             text("path",
                  "csv: the file, comma-separated with a header line. fashion_mnist: the folder with the four "
                  "IDX files. cifar10: the folder with data_batch_1.bin .. data_batch_5.bin and "
                  "test_batch.bin (the \"binary version\"), or the one above. text: a plain text, or the folder with "
                  "ptb.train.txt, ptb.valid.txt and ptb.test.txt.")),
         into(&S::path)},
        {default_is("the last column", text("target", "csv: name of the column to predict.")), into(&S::target)},
        {choice("split", "permuted", {"rows", "permuted"},
                "How rows are dealt out: in the file's order (train, then validation, then test), or after a "
                "permutation drawn from the run's seed. Text is always in order."),
         into(&S::split)},
        {number("valid", "0", {0, 1e9},
                "Size of the validation set: below 1 a share, else a number of rows. csv: of all rows; 0 = a tenth. "
                "text: of all words; 0 = a tenth; the three files of a folder are the split. Images: of those for "
                "training; 0 = none of them, but half of the 10000 test images."),
         into(&S::valid)},
        {number(
             "test", "0", {0, 1e9},
             "Size of the test set, which no decision ever sees; given like valid. 0 = csv, text: a tenth; images: all "
             "those for test that are not used for validation."),
         into(&S::test)},
        {integer(
             "vocabulary", "10000", {2, 1e7},
             "text: how many words the model knows, the most frequent ones of the training text; all others are one "
             "unknown word."),
         into(&S::vocabulary)},
        {integer("train_rows", "0", {0, 1e12},
                 "Use only this many training rows (text: words) for a quick look; 0 = all."),
         into(&S::train_rows)},
        {choice("model", "mlp", {"mlp", "lenet", "resnet18", "lstm", "torchscript"},
                "The network: fully connected layers, the small convolutional LeNet (Fashion-MNIST only), ResNet-18 as "
                "in torchvision (images), or an LSTM (text). torchscript: a network made in Python and saved by "
                "torch.jit.script(model).save()."),
         into(&S::model)},
        {choice("amp", "off", {"off", "bf16"}, "Mixed precision (GPU)."), into(&S::amp)},
        {flag("tf32", "false", "Allow TensorFloat-32 in matrix products and convolutions (GPU): faster, three digits."),
         into(&S::tf32)},
        {flag("inherit_optimizer", "true",
              "A child starts with the moments of its parent's optimizer. Otherwise, or if its own optimizer is "
              "another one, it starts with new moments, as GPBT's authors do. The log says where that is so."),
         into(&S::inherit_optimizer)},
        {flag("deterministic", "true", "Only algorithms that give the same bits each time (GPU: somewhat slower)."),
         into(&S::deterministic)},
        {other(KeyType::table, "hypergradient",
               "How parameters with role = \"hypergradient\" move during training: see [trainer.hypergradient]."),
         {}},
    };
    for (auto& field : fields) field.key.only_for = {"torch"};
    fields.back().key.only_for = {"torch", "task"};
    return fields;
}

std::vector<Field<TrainerSettings>> toy_fields() {
    using S = TrainerSettings;
    std::vector<Field<S>> fields{
        {choice("surface", "quadratic", {"quadratic", "narrow", "crossing", "flat"},
                "The analytic learning curves: a bowl; a bowl with a sharp valley in the first parameter; good ones "
                "slow at first; "
                "all alike but for noise."),
         into(&S::surface)},
        {duration("cost", "0", {0, 1e6}, "Real time that a unit of training takes (it sleeps)."), into(&S::cost)},
        {number("noise", "0", {0, 1e6}, "Standard deviation of what is added to the loss."), into(&S::noise)},
        {number("failure_rate", "0", {0, 1}, "Chance that a unit of training fails with an error."),
         into(&S::failure_rate)},
        {bytes("state_bytes", "0", {0, 0x1p40}, "Ballast in each snapshot, to try transfers."), into(&S::state_bytes)},
    };
    for (auto& field : fields) field.key.only_for = {"toy"};
    return fields;
}

std::vector<Field<TrainerSettings>> task_fields() {
    using S = TrainerSettings;
    std::vector<Field<S>> fields{
        {default_is("none: a task of the program itself",
                    text("library",
                         "Shared library with the task (docs/bring-your-model.md); relative paths are from "
                         "where stemma is started.")),
         into(&S::library)},
        {default_is("the only one there is", text("task", "Name of the task.")), into(&S::task)},
        {text("path", "A text for the task, such as the place of its data."), into(&S::path)},
    };
    for (auto& field : fields) field.key.only_for = {"task"};
    return fields;
}

std::vector<Field<TrainerSettings>> reported_fields() {
    using S = TrainerSettings;
    std::vector<Field<S>> fields{
        {default_is("the metric of [metric]",
                    list_of(KeyType::text, "metrics", {}, "Names of all metrics that are reported.")),
         into(&S::metrics)},
        {default_is(
             "those whose names begin with \"test_\"",
             list_of(KeyType::text, "held_out", {}, "Names of metrics that are recorded but no decision may see.")),
         into(&S::held_out)},
    };
    for (auto& field : fields) field.key.only_for = {"process", "ask"};
    return fields;
}

std::vector<Field<TrainerSettings>> process_fields() {
    using S = TrainerSettings;
    std::vector<Field<S>> fields{
        {required(
             list_of(KeyType::text, "command", {},
                     "The program that trains, with its arguments: [\"python3\", \"train.py\"]. Each worker starts it "
                     "once and keeps it (docs/process-protocol.md); relative paths are from where stemma is "
                     "started.")),
         into(&S::command)},
        {default_is("/dev/shm; where that is full, the folder for temporary files, or /tmp",
                    text("scratch",
                         "Folder on each node through which snapshots are handed over; it needs room for two "
                         "of each worker.")),
         into(&S::scratch)},
        {duration("start_timeout", "5m", above(0), "Time that the program may take from its start to its hello."),
         into(&S::start_timeout)},
        {duration("silence_timeout", "0", at_least(0),
                  "Time without progress or report after which it counts as hung and is killed; 0 = none. Give a few "
                  "times what a unit of training takes."),
         into(&S::silence_timeout)},
        {duration("stop_timeout", "5m", above(0),
                  "Time that it may take to end a lease when asked to; after that it is killed."),
         into(&S::stop_timeout)},
        {bytes("memory", "0", {0, 0x1p50},
               "Memory that it may use with all that it started, shared pages counted once; a lease that needs more "
               "fails "
               "as out of memory, and one that has grown beyond half of it is replaced between leases. 0 = any."),
         into(&S::memory)},
        {choice("restart", "when needed", {"when needed", "each training"},
                "When a worker starts its program anew: after the program has ended or failed, or for each training. A "
                "start for each training suits scripts that keep state in globals, Hydra and notebooks, and costs the "
                "start-up each time."),
         into(&S::restart)},
        {integer("gpus_per_worker", "1", {1, 64}, "GPUs that a worker's program sees, where there are any."),
         into(&S::gpus_per_worker)},
    };
    for (auto& field : fields) field.key.only_for = {"process"};
    return fields;
}

const Range up_to_one{0, 1, true, false};  // (0, 1]
const Range below_one{0, 1, false, true};  // [0, 1)

std::vector<Hyperparameter> optimizer_hyperparameters() {
    const Words sgd{"sgd"}, adam{"adam", "adamw"};
    const auto beta = [&](const std::string& name, const std::string& default_text, const std::string& of) {
        const std::string complement = "one_minus_" + name;
        return std::vector<Hyperparameter>{
            {number(name, default_text, below_one, "Decay of the mean of " + of + "."), "optimiser", adam, complement},
            {number(complement, "", up_to_one, "1 - " + name + ", for a search on a log scale."), "optimiser", adam,
             name}};
    };
    std::vector<Hyperparameter> out{
        {number("lr", "0.001", above(0), "Learning rate.")},
        {integer("batch_size", "128", {1, 1e9},
                 "Rows of one optimizer step; text: streams that are read side by side.")},
        {choice("optimiser", "sgd", {"sgd", "adam", "adamw"}, "The update rule.")},
        {number("weight_decay", "0", at_least(0), "L2 penalty (sgd, adam) or decoupled decay (adamw).")},
        {number("momentum", "0", below_one, "Momentum."), "optimiser", sgd},
        {number(
            "gradient_clip", "0", at_least(0),
            "Largest norm of a batch's gradient, taken before weight decay; 0 = no limit. With hypergradients it is "
            "part of what is differentiated, and goes before their key of that name.")},
        {flag("nesterov", "false", "Nesterov's momentum (needs momentum > 0)."), "optimiser", sgd},
        {number("eps", "1e-8", above(0), "Added to the denominator."), "optimiser", adam},
        {flag("amsgrad", "false", "AMSGrad variant."), "optimiser", adam},
    };
    for (auto& one : beta("beta1", "0.9", "gradients")) out.push_back(std::move(one));
    for (auto& one : beta("beta2", "0.999", "squared gradients")) out.push_back(std::move(one));
    return out;
}

std::vector<Hyperparameter> schedule_hyperparameters() {
    return {
        {choice("schedule", "constant", {"constant", "cosine", "step"},
                "Course of the learning rate over the member's own training.")},
        {in_unit(unit,
                 number("warmup", "0", at_least(0), "Training over which the learning rate rises linearly to lr."))},
        {default_is(
             "scheduler.max as in the job file",
             in_unit(unit, number("horizon", "", above(0), "Training after which the cosine has come down to 0."))),
         "schedule",
         {"cosine"}},
        {in_unit(unit, number("step_size", "10", above(0), "Training between two drops of the learning rate.")),
         "schedule",
         {"step"}},
        {number("step_gamma", "0.1", up_to_one, "Factor of each drop."), "schedule", {"step"}},
    };
}

std::vector<Hyperparameter> model_hyperparameters() {
    const Words mlp{"mlp"};
    return {
        {integer("layers", "2", {0, 1000}, "Hidden layers, or LSTM layers."), "model", {"mlp", "lstm"}},
        {default_is("128; resnet18: 64; lstm: 650", integer("width", "128", {1, 1e6},
                                                            "Neurons of a hidden layer; ResNet-18: maps of the first "
                                                            "stage; LSTM: of each layer and the embedding.")),
         "model",
         {"mlp", "resnet18", "lstm"},
         {},
         {{"resnet18", "64"}, {"lstm", "650"}}},
        {choice("activation", "relu", {"relu", "tanh", "gelu", "silu"}, "Activation of hidden layers."), "model", mlp},
        {number(
             "dropout", "0", {0, 1},
             "Probability of dropping a hidden neuron (LeNet: a map of the second convolution; LSTM: between layers)."),
         "model",
         {"mlp", "lenet", "lstm"}},
        {integer("sequence", "70", {1, 1e6}, "Steps of one batch of text, through which the gradient goes back."),
         "model",
         {"lstm"}},
        {flag("batch_norm", "false", "Batch normalization in hidden layers."), "model", mlp},
        {text("module", "The file that the network is in; searched as a categorical parameter, each of several."),
         "model", Words{"torchscript"}},
    };
}

}  // namespace

std::vector<Field<TrainerSettings>> trainer_fields() {
    using S = TrainerSettings;
    std::vector<Field<S>> both{
        {choice("type", "torch", {"toy", "torch", "process", "task", "ask"}, "What trains a member."), into(&S::type)},
        {choice("unit", "epoch", {"epoch", "step"},
                "What resources are counted in: passes over the training data, or optimizer steps."),
         into(&S::unit)},
    };
    for (auto& more : {torch_fields(), process_fields(), reported_fields(), task_fields(), toy_fields()}) {
        both = concatenated(std::move(both), more);
    }
    return both;
}

std::vector<Hyperparameter> hyperparameters() {
    auto all = optimizer_hyperparameters();
    for (auto& one : schedule_hyperparameters()) all.push_back(std::move(one));
    for (auto& one : model_hyperparameters()) all.push_back(std::move(one));
    const Words structural{"optimiser", "layers", "width", "activation", "batch_norm", "module"};
    for (auto& one : all) {
        one.key.only_for = {"torch"};
        one.structural = std::find(structural.begin(), structural.end(), one.key.name) != structural.end();
    }
    return all;
}

}  // namespace stemma
