using System.Text.Json;

namespace Entrepot.SystemTests.Registry;

/// <summary>Images are built by buildah, pushed, put into a list for several machines, and pulled by podman.</summary>
public sealed class BuildahTests
{
    [Fact]
    public async Task An_image_is_built_pushed_listed_for_two_machines_and_pulled()
    {
        Command.Require("buildah");
        Command.Require("podman");
        Assert.SkipUnless(Environment.UserName == "root", "without root, buildah needs user namespaces that may not be there");
        using var folder = new TestFolder();
        await using var origin = await EntrepotProcess.StartAsync(folder["node"], "serve", "--roles", "origin,scheduler");
        (await origin.CommandAsync("mirror", "create", "apps", "--format", "oci")).ShouldSucceed();
        var (push, door) = (origin.Url("push").Authority, origin.Url("scheduler").Authority);
        var token = (await origin.CommandAsync("token", "create", "--role", "publisher", "--mirror", "apps")).ShouldSucceed().Output.Trim();
        // No files of the machine: storage, credentials and policy are the test's own.
        await File.WriteAllTextAsync(folder["policy.json"], """{"default":[{"type":"insecureAcceptAnything"}]}""");
        string[] storage = ["--root", folder["storage"], "--runroot", folder["run"], "--storage-driver", "vfs"];
        string[] registry = ["--tls-verify=false", "--authfile", folder["auth.json"]];
        (await Command.RunWithInputAsync(token, "buildah", ["login", .. registry, "-u", "ci", "--password-stdin", push])).ShouldSucceed();
        var digest = TestFolder.WriteRandom(folder["context/data"], 5L << 20, 3);
        await File.WriteAllTextAsync(folder["context/Containerfile"], "FROM scratch\nCOPY data /data\n");

        foreach (var machine in new[] { "amd64", "arm64" })
        {
            var name = $"{push}/apps/scratch:{machine}";
            await BuildahAsync("build", "--isolation", "chroot", "--arch", machine, "--signature-policy", folder["policy.json"], "-t", name, folder["context"]);
            await BuildahAsync(["push", "--signature-policy", folder["policy.json"], .. registry, name]);
        }

        await BuildahAsync("manifest", "create", "both");
        foreach (var machine in new[] { "amd64", "arm64" })
            await BuildahAsync(["manifest", "add", .. registry, "both", $"docker://{push}/apps/scratch:{machine}"]);
        await BuildahAsync(["manifest", "push", "--all", "--signature-policy", folder["policy.json"], .. registry, "both", $"docker://{push}/apps/scratch:v1"]);

        using var index = JsonDocument.Parse((await Command.RunAsync("curl", "-fsS", $"http://{door}/v2/apps/scratch/manifests/v1")).ShouldSucceed().Output);
        index.RootElement.GetProperty("manifests").EnumerateArray().Select(static one => one.GetProperty("platform").GetProperty("architecture").GetString()).ShouldBe(["amd64", "arm64"], ignoreOrder: true);
        string[] own = ["--root", folder["other"], "--runroot", folder["otherrun"], "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"];
        (await Command.RunAsync("podman", [.. own, "pull", "--arch", "arm64", "--signature-policy", folder["policy.json"], "--tls-verify=false", $"{door}/apps/scratch:v1"])).ShouldSucceed();
        var mounted = (await Command.RunAsync("podman", [.. own, "image", "mount", $"{door}/apps/scratch:v1"])).ShouldSucceed().Output.Trim();
        TestFolder.HashOf(Path.Combine(mounted, "data")).ShouldBe(digest);
        (await Command.RunAsync("podman", [.. own, "image", "unmount", $"{door}/apps/scratch:v1"])).ShouldSucceed();

        async Task BuildahAsync(params string[] arguments) => (await Command.RunAsync("buildah", [.. storage, .. arguments])).ShouldSucceed();
    }
}
