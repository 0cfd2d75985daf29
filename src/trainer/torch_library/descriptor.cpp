// trainer.type = "torch": known to programs without LibTorch too, which check job files.
#include "trainer/descriptor.hpp"
#include "options/make_key.hpp"
#include "options/words.hpp"
#include "platform/user_path.hpp"
#include "trainer/torch_library/hyperparameters.hpp"
#include "trainer/torch_library/torch_library.hpp"

namespace stemma {
namespace {

using namespace make_key;
using S = TorchSettings;

template <class Item>
Words names_of(const std::vector<Item>& all) {
    Words names;
    for (const auto& one : all) names.push_back(one.name);
    return names;
}

std::vector<Field<S>> data_fields() {
    return {
        setting(&S::data, choice("data", names_of(torch_data()),
                                 "The data set: images of Fashion-MNIST or CIFAR-10 (classification), a table of "
                                 "numbers (regression), or plain text (the next word is predicted).")),
        setting(&S::path,
                default_is("fashion_mnist: where Debian's package dataset-fashion-mnist puts it",
                           text("path",
                                "csv: the file, comma-separated with a header line. fashion_mnist: the folder with "
                                "the four IDX files. cifar10: the folder with data_batch_1.bin .. data_batch_5.bin and "
                                "test_batch.bin (the \"binary version\"), or the one above. text: a plain text, or "
                                "the folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt."))),
        setting(&S::target, default_is("the last column", text("target", "csv: name of the column to predict."))),
        setting(&S::split,
                choice("split", {"rows", "permuted"},
                       "How rows are dealt out: in the file's order (train, then validation, then test), or after a "
                       "permutation drawn from the run's seed. Text is always in order.")),
        setting(&S::valid,
                number("valid", {0, 1e9},
                       "Size of the validation set: a share if below 1, else a number of rows. csv: of all rows; 0 = a "
                       "tenth. text: of all words; 0 = a tenth; a folder of three files is already split. Images: of "
                       "the training images; 0 = half of the 10000 test images instead.")),
        setting(&S::test, number("test", {0, 1e9},
                                 "Size of the test set, given like valid. No decision uses it. 0 = a tenth (csv, "
                                 "text), or the test images that are not used for validation.")),
        setting(&S::vocabulary,
                integer("vocabulary", {2, 1e7},
                        "text: how many words the model knows, the most frequent ones of the training text; all "
                        "others are one unknown word.")),
        setting(&S::train_rows, integer("train_rows", {0, 1e12},
                                        "Use only this many training rows (text: words) for a quick look; 0 = all.")),
    };
}

}  // namespace

std::vector<Field<S>> torch_fields() {
    // The job file says "off" where the settings have the type of the numbers.
    auto amp = choice("amp", "off", {"off", "bf16"}, "Mixed precision (GPU).");
    const auto load_amp = [](const S& settings) {
        return std::optional(Checked{settings.precision == "bf16" ? settings.precision : std::string("off")});
    };
    const auto store_amp = [](S& settings, const Checked& checked) {
        settings.precision = checked.index == 1 ? "bf16" : "float32";
    };
    std::vector<Field<S>> own{
        setting(&S::model, choice("model", names_of(torch_models()),
                                  "The network: fully connected layers, the small convolutional LeNet (Fashion-MNIST "
                                  "only), ResNet-18 as in torchvision (images), or an LSTM (text). torchscript: a "
                                  "network made in Python and saved by torch.jit.script(model).save().")),
        {std::move(amp), store_amp, load_amp},
        setting(&S::tf32, flag("tf32",
                               "Allow TensorFloat-32 in matrix products and convolutions (GPU): faster, three "
                               "digits.")),
        setting(&S::inherit_optimizer,
                flag("inherit_optimizer",
                     "true: a child starts with the state (moments) of its parent's optimizer. If false, or if the "
                     "child uses another optimizer, the state is reset, as in the GPBT paper. The log reports it.")),
        setting(&S::deterministic,
                flag("deterministic", "Only algorithms that give the same bits each time (GPU: somewhat slower).")),
        setting(
            &S::graphs,
            flag("graphs",
                 "Record the kernels of a training step once, and launch them as one (NVIDIA's GPUs, LibTorch 2.4): "
                 "faster for small networks. Weights differ by rounding. A TorchScript network must run the same "
                 "operations in each step. Ignored on a CPU, for text, and where hyperparameters move.")),
        hypergradient_key(),
    };
    return concatenated(data_fields(), std::move(own));
}

namespace {

std::vector<Contradiction> check(const S& settings, const std::string&) {
    std::vector<Contradiction> out;
    const auto& data = torch_data(settings.data);
    const auto named = "data = " + in_quotes(data.name);
    if (settings.path.empty() && !data.needs.empty())
        out.push_back({"path", "is missing; " + named + " needs " + data.needs});
    if (!data.table && !settings.target.empty())
        out.push_back({"target", "is used only with data = \"csv\"; remove it"});
    if (auto wrong = model_mismatch(torch_model(settings.model), data.name); !wrong.empty())
        out.push_back({"model", std::move(wrong), {"data"}});
    if (data.parts && settings.valid < 1 && settings.test < 1 && settings.valid + settings.test >= 1) {
        out.push_back({"valid", "and test together must leave rows to train on; their shares add up to 1 or more"});
    }
    return out;
}

/// With what the job says elsewhere.
S whole(const S& settings, const TrainerContext& context, const TrainerPlace& place = {}) {
    auto all = settings;
    all.unit = context.unit;
    all.fixed = context.fixed;
    all.threads = static_cast<int>(place.threads);
    all.device = place.device;
    all.run_seed = context.run_seed;
    all.folder = context.folder;
    all.path = placed_path(settings.path, context.folder);
    all.hypergradient = context.hypergradient;
    return all;
}

void check_here(const S& settings, const TrainerContext& context, const TrainerPlace&) {
    const auto all = whole(settings, context);
    torch_library().check_settings(all, *context.space);
    torch_library().check_data(all);
}

}  // namespace

TrainerDescriptor torch_descriptor() {
    return {
        .name = "torch",
        .summary = "LibTorch: networks on Fashion-MNIST or a CSV file",
        .traits = {.moves = true, .libtorch = true},
        .defaults = S(),
        .fields = erased(torch_fields()),
        .hyperparameters = torch_hyperparameters(),
        .check = check,
        .metrics = [](const S& settings,
                      const TrainerContext& context) { return torch_library().metrics(whole(settings, context)); },
        .check_here = check_here,
        .make =
            [](const S& settings, const TrainerContext& context, const TrainerPlace& place) {
                return torch_library().make_trainer(whole(settings, context, place), context.space);
            },
        .children_start =
            [](const S& settings) {
                return settings.inherit_optimizer ? "their parent's optimizer state" : "a new optimizer's state";
            },
    };
}

}  // namespace stemma
