using CsCheck;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Inventory;

public sealed class ControlGroupPathTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("0::/system.slice/nginx.service\n", "nginx.service")]
    [InlineData("0::/user.slice/user-1000.slice/user@1000.service/app.slice/caddy.service\n", "caddy.service")]
    [InlineData("0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope")]
    [InlineData("12:pids:/x.service\n1:name=systemd:/system.slice/cron.service\n0::/\n", "cron.service")]
    [InlineData("0::/\n", null)]
    [InlineData("0::/init.scope\n", "init.scope")]
    [InlineData("", null)]
    public void The_innermost_unit_is_named(string text, string? unit)
        => ControlGroupPath.Parse(text).ShouldBe(new ControlGroupPath(unit, null));

    [Theory]
    [InlineData($"0::/system.slice/docker-{Id}.scope", "docker")]
    [InlineData($"0::/docker/{Id}", "docker")]
    [InlineData($"0::/machine.slice/libpod-{Id}.scope/container", "podman")]
    [InlineData($"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-{Id}.scope", "kubernetes")]
    [InlineData($"0::/kubepods.slice/kubepods-pod1.slice/crio-{Id}.scope", "kubernetes")]
    [InlineData($"0::/kubepods/besteffort/pod1/{Id}", "kubernetes")]
    [InlineData($"0::/somewhere/{Id}", "container")]
    public void The_container_is_named_whatever_runs_it(string text, string runtime)
    {
        var container = ControlGroupPath.Parse(text).Container.ShouldNotBeNull();
        container.ShouldBe(new ContainerIdentity(runtime, Id));
        container.ToString().ShouldBe($"{runtime} 0123456789ab");
    }

    [Fact]
    public void A_container_of_lxc_has_a_name_for_an_id()
        => ControlGroupPath.Parse("0::/lxc.payload.web/system.slice/nginx.service").Container.ShouldBe(new ContainerIdentity("lxc", "web"));

    [Fact]
    public void Any_text_is_read_without_an_exception() => Gen.String.Sample(text => { ControlGroupPath.Parse("0::/" + text); ControlGroupPath.Parse(text); });
}
