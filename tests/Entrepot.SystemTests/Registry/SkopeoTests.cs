using System.Text.Json;

namespace Entrepot.SystemTests.Registry;

/// <summary>Images go in and out by skopeo as they are, byte for byte.</summary>
public sealed class SkopeoTests
{
    [Fact]
    public async Task An_image_is_copied_in_looked_at_copied_on_copied_out_and_deleted()
    {
        Command.Require("skopeo");
        Command.Require("umoci");
        using var folder = new TestFolder();
        await using var origin = await EntrepotProcess.StartAsync(folder["node"], "serve", "--roles", "origin,scheduler");
        (await origin.CommandAsync("mirror", "create", "apps", "--format", "oci")).ShouldSucceed();
        var credentials = folder["auth.json"];
        var push = origin.Url("push").Authority;
        var token = (await origin.CommandAsync("token", "create", "--role", "publisher", "--mirror", "apps")).ShouldSucceed().Output.Trim();
        (await Command.RunWithInputAsync(token, "skopeo", "login", "--tls-verify=false", "--authfile", credentials, "--username", "ci", "--password-stdin", push)).ShouldSucceed();
        // A small root, and a layer that takes several chunks.
        Directory.CreateDirectory(folder["root/etc"]);
        await File.WriteAllTextAsync(folder["root/etc/motd"], "hello\n");
        TestFolder.WriteRandom(folder["root/big"], 40L << 20, 5);
        (await Command.RunAsync("umoci", "init", "--layout", folder["image"])).ShouldSucceed();
        (await Command.RunAsync("umoci", "new", "--image", $"{folder["image"]}:v1")).ShouldSucceed();
        (await Command.RunAsync("umoci", "insert", "--rootless", "--image", $"{folder["image"]}:v1", folder["root"], "/")).ShouldSucceed();

        (await SkopeoAsync("copy", "--dest-tls-verify=false", $"oci:{folder["image"]}:v1", $"docker://{push}/apps/base/web:v1")).ShouldSucceed();
        (await SkopeoAsync("copy", "--src-tls-verify=false", "--dest-tls-verify=false", $"docker://{push}/apps/base/web:v1", $"docker://{push}/apps/other:v2")).ShouldSucceed();
        // The front door gives it to everybody.
        var door = origin.Url("scheduler").Authority;
        (await Command.RunAsync("skopeo", "copy", "--src-tls-verify=false", $"docker://{door}/apps/other:v2", $"oci:{folder["back"]}:v2")).ShouldSucceed();

        var pushed = (await SkopeoAsync("inspect", "--tls-verify=false", "--raw", $"docker://{push}/apps/base/web:v1")).ShouldSucceed().Output;
        using var manifest = JsonDocument.Parse(pushed);
        var digests = manifest.RootElement.GetProperty("layers").EnumerateArray().Append(manifest.RootElement.GetProperty("config")).Select(static one => one.GetProperty("digest").GetString()!);
        foreach (var digest in digests)
        {
            var file = $"blobs/sha256/{digest.Split(':')[1]}";
            TestFolder.HashOf(folder[$"back/{file}"]).ShouldBe(TestFolder.HashOf(folder[$"image/{file}"]));
        }

        (await Command.RunAsync("skopeo", "list-tags", "--tls-verify=false", $"docker://{door}/apps/other")).ShouldSucceed().Output.ShouldContain("\"v2\"");
        (await Command.RunAsync("skopeo", "copy", "--dest-tls-verify=false", $"oci:{folder["image"]}:v1", $"docker://{push}/apps/nobody:v1")).Error.ShouldContain("authentication required");
        (await SkopeoAsync("delete", "--tls-verify=false", $"docker://{push}/apps/other:v2")).ShouldSucceed();
        (await SkopeoAsync("inspect", "--tls-verify=false", $"docker://{push}/apps/other:v2")).Error.ShouldContain("manifest unknown");

        Task<CommandResult> SkopeoAsync(string verb, params string[] arguments) => Command.RunAsync("skopeo", [verb, "--authfile", credentials, .. arguments]);
    }

    [Fact]
    public async Task A_private_image_is_read_by_whoever_signed_in()
    {
        Command.Require("skopeo");
        Command.Require("umoci");
        using var folder = new TestFolder();
        await using var origin = await EntrepotProcess.StartAsync(folder["node"], "serve", "--roles", "origin,scheduler");
        (await origin.CommandAsync("mirror", "create", "vault", "--format", "oci", "--private")).ShouldSucceed();
        (await origin.CommandAsync("mirror", "create", "open", "--format", "oci")).ShouldSucceed();
        var (push, door) = (origin.Url("push").Authority, origin.Url("scheduler").Authority);
        (await Command.RunAsync("umoci", "init", "--layout", folder["image"])).ShouldSucceed();
        (await Command.RunAsync("umoci", "new", "--image", $"{folder["image"]}:v1")).ShouldSucceed();
        var publisher = (await origin.CommandAsync("token", "create", "--role", "publisher")).ShouldSucceed().Output.Trim();
        foreach (var mirror in new[] { "vault", "open" })
            (await Command.RunAsync("skopeo", "copy", "--dest-tls-verify=false", "--dest-creds", $"ci:{publisher}", $"oci:{folder["image"]}:v1", $"docker://{push}/{mirror}/app:v1")).ShouldSucceed();
        var reader = (await origin.CommandAsync("token", "create", "--role", "viewer", "--mirror", "vault")).ShouldSucceed().Output.Trim();

        (await Command.RunAsync("skopeo", "inspect", "--tls-verify=false", "--creds", $"ann:{reader}", $"docker://{door}/vault/app:v1")).ShouldSucceed();
        (await Command.RunAsync("skopeo", "inspect", "--tls-verify=false", $"docker://{door}/vault/app:v1")).ExitCode.ShouldNotBe(0);
        (await Command.RunAsync("skopeo", "inspect", "--tls-verify=false", $"docker://{door}/open/app:v1")).ShouldSucceed();
    }
}
