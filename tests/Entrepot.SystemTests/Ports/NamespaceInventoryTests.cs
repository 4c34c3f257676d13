using System.Security.Cryptography;
using Entrepot.Ports.Inventory;

namespace Entrepot.SystemTests.Ports;

public sealed class NamespaceInventoryTests
{
    private const int Port = 8080;

    [Fact]
    public async Task A_listener_in_another_network_namespace_is_seen_with_its_owner_and_its_place()
    {
        Command.Require("ip");
        Command.Require("ncat");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "making a network namespace needs root");
        var name = $"entrepot-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var made = await Command.RunAsync("ip", "netns", "add", name);
        Assert.SkipUnless(made.ExitCode == 0, $"this machine makes no network namespaces: {made.Error}");
        try
        {
            using var listener = Command.Start("ip", "netns", "exec", name, "ncat", "-lk", "0.0.0.0", $"{Port}");
            ListeningSocket? seen = null;
            await Poll.UntilAsync(
                () => Task.FromResult((seen = new ListeningSockets().Survey().FirstOrDefault(static socket => socket is { Port: Port, Namespace: not null })) is not null),
                TimeSpan.FromSeconds(20), () => "the listener was not seen");
            seen!.Owner!.Executable.ShouldBe("ncat");
            seen.Namespace!.Id.ShouldBe((long)FileInode($"/run/netns/{name}"));
        }
        finally
        {
            (await Command.RunAsync("ip", "netns", "del", name)).ShouldSucceed();
        }
    }

    private static ulong FileInode(string path) => Entrepot.Core.Kernel.FileKinds.IdentityOf(path)!.Value.Number;
}
