// Kernels of the pretend device: the CPU's, on the same memory while it is open.
#include <ATen/EmptyTensor.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/native/Resize.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "support/pretend_device/graph.hpp"
#include "support/pretend_device/memory.hpp"

namespace stemma::test::pretend {
namespace {

using at::Tensor;
template <class T>
using Optional = c10::optional<T>;
using OptionalTensor = Optional<Tensor>;
using Ints = at::IntArrayRef;

/// LibTorch's threads of the backward pass begin with the number that was set last when they start. Sums by several
/// threads have other bits than those that a training makes with one.
[[maybe_unused]] const bool one_thread = (at::set_num_threads(1), true);

bool is_ours(const Tensor& tensor) { return tensor.defined() && tensor.device().type() == slot; }

/// The same memory as a tensor of the host. Only to be touched while it is open.
Tensor on_host(const Tensor& tensor) {
    if (!is_ours(tensor)) return tensor;
    const auto options = tensor.options().device(at::kCPU);
    if (tensor.numel() == 0) return at::empty(tensor.sizes(), options);
    return at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(), options);
}

/// A kernel's result, which lies on the host so far.
Tensor on_device(const Tensor& result, c10::Device device) {
    if (!result.defined()) return result;
    const bool dense = result.is_non_overlapping_and_dense();
    const auto source = dense ? result : result.contiguous();
    auto made = at::empty_strided(source.sizes(), source.strides(), source.options().device(device));
    const Open open(made);
    if (source.numel() > 0) std::memcpy(made.data_ptr(), source.data_ptr(), source.nbytes());
    return made;
}

/// The arguments of one kernel: all on one device, or numbers of the host.
class Arguments {
public:
    explicit Arguments(std::string kernel) : kernel_(std::move(kernel)) {}

    Tensor add(const Tensor& tensor) {
        if (!tensor.defined()) return tensor;
        if (!is_ours(tensor)) {
            if (tensor.dim() > 0) host_ = true;
        } else {
            TORCH_CHECK(!device_ || *device_ == tensor.device(), kernel_, ": expected all tensors to be on the same ",
                        "device, but found at least two devices, ", *device_, " and ", tensor.device());
            device_ = tensor.device();
            if (auto* graph = Graph::recording()) graph->keep(tensor);
            open_.emplace_back(tensor);
        }
        TORCH_CHECK(!(host_ && device_), kernel_, ": expected all tensors to be on the same device, but found at ",
                    "least two devices, ", *device_, " and cpu");
        return on_host(tensor);
    }

    c10::Device device() const {
        TORCH_CHECK(device_, kernel_, " has no tensor of the device");
        return *device_;
    }

private:
    std::string kernel_;
    Optional<c10::Device> device_;
    bool host_ = false;
    std::vector<Open> open_;
};

/// What a replay of a kernel has computed, into the memory of the recorded result.
void overwrite(const Tensor& recorded, const Tensor& again) {
    if (!recorded.defined() || recorded.is_same(again) || recorded.numel() == 0) return;
    const Open reads(again), writes(recorded);
    on_host(recorded).copy_(on_host(again));
}

void overwrite(const c10::IValue& recorded, const c10::IValue& again) {
    if (recorded.isTensor()) return overwrite(recorded.toTensor(), again.toTensor());
    if (!recorded.isTensorList()) return;
    const auto to = recorded.toTensorVector(), from = again.toTensorVector();
    for (std::size_t i = 0; i < to.size(); ++i) overwrite(to[i], from[i]);
}

void demand_no_recording(const char* what) {
    TORCH_CHECK(Graph::recording() == nullptr, what, " waits for the device, which a recorded graph cannot do");
}

/// The size of their results, or the results themselves, are numbers of the host.
bool waits(const std::string& kernel, const torch::jit::Stack& stack) {
    constexpr std::array names{"aten::nonzero",  "aten::masked_select", "aten::equal",
                               "aten::_unique2", "aten::unique_dim",    "aten::bincount"};
    if (std::ranges::find(names, kernel) != names.end()) return true;
    if (kernel != "aten::_index_put_impl_" && kernel != "aten::index_put_") return false;  // index() calls nonzero()
    const auto mask = [](const c10::IValue& entry) {
        return entry.isTensor() && entry.toTensor().defined() && entry.toTensor().scalar_type() == at::kBool;
    };
    return std::ranges::any_of(
        stack, [&](const auto& value) { return value.isList() && std::ranges::any_of(value.toListRef(), mask); });
}

c10::IValue argument_of(const c10::IValue& value, Arguments& arguments) {
    if (value.isTensor()) return arguments.add(value.toTensor());
    if (value.isGenerator() && value.toGenerator().device().type() == slot) {
        const auto& inner = host_generator(value.toGenerator());
        if (auto* graph = Graph::recording()) graph->keep(inner);
        return inner;
    }
    if (value.isTensorList()) {
        c10::List<Tensor> list;
        for (const Tensor& tensor : value.toTensorVector()) list.push_back(arguments.add(tensor));
        return list;
    }
    if (value.isOptionalTensorList()) {
        c10::List<OptionalTensor> list;
        for (const OptionalTensor tensor : value.toOptionalTensorList())
            list.push_back(tensor ? OptionalTensor(arguments.add(*tensor)) : c10::nullopt);
        return list;
    }
    return value;
}

/// Where a kernel has written into an argument, the result is that argument.
c10::IValue result_of(const c10::IValue& value, const std::vector<c10::IValue>& own,
                      const std::vector<c10::IValue>& given, c10::Device device) {
    if (value.isTensorList()) {
        c10::List<Tensor> list;
        for (const Tensor& tensor : value.toTensorVector()) list.push_back(on_device(tensor, device));
        return list;
    }
    if (!value.isTensor()) return value;
    const auto& tensor = value.toTensor();
    const auto is_it = [&](const auto& argument) { return argument.isTensor() && argument.toTensor().is_same(tensor); };
    const auto at = std::ranges::find_if(own, is_it);
    if (at == own.end()) return on_device(tensor, device);
    const auto& target = given[static_cast<std::size_t>(at - own.begin())].toTensor();
    if (target.sizes() != tensor.sizes()) target.resize_(tensor.sizes());
    const Open open(target);
    if (target.numel() > 0 && target.data_ptr() != tensor.data_ptr()) on_host(target).copy_(tensor);
    return target;
}

/// Any operation that is not named below.
void kernel(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
    const auto& schema = operation.schema();
    const auto& name = schema.operator_name().name;
    const auto first = stack->size() - schema.arguments().size();
    const std::vector<c10::IValue> given(stack->begin() + static_cast<std::ptrdiff_t>(first), stack->end());
    Arguments arguments(name);
    std::vector<c10::IValue> own;
    for (std::size_t i = 0; i < given.size(); ++i) {
        own.push_back(argument_of(given[i], arguments));
        // The CPU's kernel may give it another size for a while, which it cannot do with memory of the device.
        if (schema.arguments()[i].is_out()) own.back() = at::empty({0}, own.back().toTensor().options());
    }
    const auto device = arguments.device();
    launch(device);
    if (waits(name, given)) {
        demand_no_recording(name.c_str());
        ++device_of(device).waits;
    }
    stack->resize(first);
    stack->insert(stack->end(), own.begin(), own.end());
    const at::AutoDispatchBelowADInplaceOrView below;
    operation.callBoxed(stack);
    for (auto value = stack->begin() + static_cast<std::ptrdiff_t>(first); value != stack->end(); ++value)
        *value = result_of(*value, own, given, device);
    if (auto* graph = Graph::recording()) {
        const std::vector<c10::IValue> results(stack->begin() + static_cast<std::ptrdiff_t>(first), stack->end());
        graph->add([operation, given, results] {
            torch::jit::Stack again(given.begin(), given.end());
            kernel(operation, &again);
            for (std::size_t i = 0; i < results.size(); ++i) overwrite(results[i], again[i]);
        });
    }
}

Tensor empty(Ints sizes, Optional<at::ScalarType> type, Optional<at::Layout>, Optional<at::Device> device,
             Optional<bool>, Optional<at::MemoryFormat> format) {
    const c10::DeviceGuard guard(c10::device_or_default(device));
    return at::detail::empty_generic(sizes, &allocator(), c10::DispatchKeySet(key), c10::dtype_or_default(type),
                                     format);
}

Tensor empty_strided(Ints sizes, Ints strides, Optional<at::ScalarType> type, Optional<at::Layout>,
                     Optional<at::Device> device, Optional<bool>) {
    const c10::DeviceGuard guard(c10::device_or_default(device));
    return at::detail::empty_strided_generic(sizes, strides, &allocator(), c10::DispatchKeySet(key),
                                             c10::dtype_or_default(type));
}

const Tensor& resize(const Tensor& self, Ints sizes, Optional<at::MemoryFormat> format) {
    auto* impl = self.unsafeGetTensorImpl();
    auto storage = self.storage();
    const auto bytes =
        static_cast<std::size_t>(self.storage_offset() + c10::multiply_integers(sizes)) * self.element_size();
    if (bytes > storage.nbytes()) {
        const c10::DeviceGuard guard(self.device());
        auto block = allocator().allocate(bytes);
        if (storage.nbytes() > 0) {
            const Open from(storage.data_ptr().get()), to(block.get());
            std::memcpy(block.get(), storage.data_ptr().get(), storage.nbytes());
        }
        storage.set_data_ptr(std::move(block));
        storage.set_nbytes(bytes);
    }
    impl->set_sizes_contiguous(sizes);
    if (format) impl->empty_tensor_restride(*format);
    return self;
}

/// Between host and device, between devices, and on one.
Tensor transfer(const Tensor& from, const Tensor& to, bool non_blocking) {
    const auto device = is_ours(from) ? from.device() : to.device();
    const bool in = !is_ours(from), out = !is_ours(to);
    auto& one = device_of(device);
    if (in || out || from.device() != to.device()) {
        demand_sound(device);
        if (in) ++one.to_device;
        if (out) ++one.to_host;
        if (!non_blocking || !is_page_locked((in ? from : to).storage().data_ptr().get())) {
            demand_no_recording("a copy");
            ++one.waits;
        }
    } else {
        launch(device);
    }
    if (auto* graph = Graph::recording()) {
        graph->keep(to);
        graph->add([=] { transfer(from, to, non_blocking); });
    }
    const Open reads(from), writes(to);
    on_host(to).copy_(on_host(from));
    return to;
}

Tensor copy_and_resize(const Tensor& from, const Tensor& to) {
    if (from.sizes() != to.sizes()) to.resize_(from.sizes());
    return transfer(from, to, false);
}

at::Scalar item(const Tensor& tensor) {
    demand_sound(tensor.device());
    demand_no_recording("item()");
    auto& one = device_of(tensor.device());
    ++one.items;
    ++one.waits;
    const Open open(tensor);
    return on_host(tensor).item();
}

Tensor convolution(const Tensor& x, const Tensor& weight, const OptionalTensor& bias, Ints stride, Ints padding,
                   Ints dilation, bool transposed, Ints output_padding, std::int64_t groups) {
    Arguments all("aten::convolution");
    const auto own_x = all.add(x), own_weight = all.add(weight);
    const auto own_bias = bias ? OptionalTensor(all.add(*bias)) : bias;
    launch(all.device());
    const auto result = on_device(
        at::convolution(own_x, own_weight, own_bias, stride, padding, dilation, transposed, output_padding, groups),
        all.device());
    if (auto* graph = Graph::recording()) {
        graph->add([=, strides = stride.vec(), paddings = padding.vec(), dilations = dilation.vec(),
                    more = output_padding.vec()] {
            overwrite(result,
                      pretend::convolution(x, weight, bias, strides, paddings, dilations, transposed, more, groups));
        });
    }
    return result;
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(const Tensor& gradient, const Tensor& x, const Tensor& weight,
                                                        Ints stride, Ints padding, Ints dilation, bool transposed,
                                                        Ints output_padding, std::int64_t groups,
                                                        std::array<bool, 3> wanted) {
    Arguments all("aten::convolution_backward");
    const auto own_gradient = all.add(gradient), own_x = all.add(x), own_weight = all.add(weight);
    launch(all.device());
    const std::vector<std::int64_t> maps{gradient.size(1)};
    const auto [by_x, by_weight, by_bias] = at::convolution_backward(
        own_gradient, own_x, own_weight, wanted[2] ? at::OptionalIntArrayRef(maps) : c10::nullopt, stride, padding,
        dilation, transposed, output_padding, groups, wanted);
    const std::tuple result{on_device(by_x, all.device()), on_device(by_weight, all.device()),
                            on_device(by_bias, all.device())};
    if (auto* graph = Graph::recording()) {
        graph->add([=, strides = stride.vec(), paddings = padding.vec(), dilations = dilation.vec(),
                    more = output_padding.vec()] {
            const auto again = pretend::convolution_backward(gradient, x, weight, strides, paddings, dilations,
                                                             transposed, more, groups, wanted);
            overwrite(std::get<0>(result), std::get<0>(again));
            overwrite(std::get<1>(result), std::get<1>(again));
            overwrite(std::get<2>(result), std::get<2>(again));
        });
    }
    return result;
}

at::ScalarType low_precision() {
#if TORCH_VERSION_MAJOR < 2
    return at::autocast::get_autocast_xpu_dtype();
#else
    return at::autocast::get_autocast_dtype(slot);
#endif
}

/// LibTorch brings mixed precision for devices of its own alone. Here linear layers have it.
Tensor addmm(const Tensor& bias, const Tensor& x, const Tensor& weight, const at::Scalar& beta,
             const at::Scalar& alpha) {
    const c10::impl::ExcludeDispatchKeyGuard once(c10::DispatchKey::STEMMA_PRETEND_AUTOCAST);
    const auto lower = [](const Tensor& tensor) { return at::autocast::cached_cast(low_precision(), tensor, slot); };
    return at::addmm(lower(bias), lower(x), lower(weight), beta, alpha);
}

TORCH_LIBRARY_IMPL(_, STEMMA_PRETEND_AUTOCAST, library) { library.fallback(torch::CppFunction::makeFallthrough()); }
TORCH_LIBRARY_IMPL(aten, STEMMA_PRETEND_AUTOCAST, library) { library.impl("addmm", addmm); }

#if TORCH_VERSION_MAJOR >= 2
/// Of tensors of the host and of the device one may take the other's place, as Module::to() wants it.
bool is_compatible(const Tensor&, const Tensor&) { return true; }

/// LibTorch 2 wants LSTM cells of such devices as one operation. This one consists of differentiable ones.
std::tuple<Tensor, Tensor, Tensor> lstm_cell(const Tensor& by_input, const Tensor& by_state, const Tensor& cell,
                                             const OptionalTensor& input_bias, const OptionalTensor& state_bias) {
    auto gates = by_state + by_input;
    if (input_bias) gates = gates + (*input_bias + *state_bias);
    const auto parts = gates.chunk(4, 1);
    const auto next = parts[1].sigmoid() * cell + parts[0].sigmoid() * parts[2].tanh();
    return {parts[3].sigmoid() * next.tanh(), next, gates};
}

TORCH_LIBRARY_IMPL(aten, STEMMA_PRETEND_AUTOGRAD, library) { library.impl("_thnn_fused_lstm_cell", lstm_cell); }
#endif

TORCH_LIBRARY_IMPL(_, STEMMA_PRETEND_SLOT, library) {
    library.fallback(torch::CppFunction::makeFromBoxedFunction<&kernel>());
}

TORCH_LIBRARY_IMPL(aten, STEMMA_PRETEND_SLOT, library) {
    library.impl("empty.memory_format", empty);
    library.impl("empty_strided", empty_strided);
    library.impl("resize_", resize);
    library.impl("set_.source_Storage", static_cast<Tensor& (*)(Tensor&, at::Storage)>(at::native::set_));
    library.impl("set_.source_Storage_storage_offset", at::native::set_storage_cpu_);
    library.impl("view", at::native::view);
    library.impl("_reshape_alias", at::native::_reshape_alias);
    library.impl("as_strided", at::native::as_strided_tensorimpl);
    library.impl("_copy_from", transfer);
#if TORCH_VERSION_MAJOR >= 2
    library.impl("_has_compatible_shallow_copy_type", is_compatible);
#endif
    library.impl("_copy_from_and_resize", copy_and_resize);
    library.impl("_local_scalar_dense", item);
    library.impl("convolution_overrideable", convolution);
    library.impl("convolution_backward_overrideable", convolution_backward);
}

}  // namespace

}  // namespace stemma::test::pretend
