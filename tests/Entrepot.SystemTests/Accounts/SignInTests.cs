using System.Text;

namespace Entrepot.SystemTests.Accounts;

/// <summary>An invited person at the command line: sets up password and app, signs in, is somebody, signs out.</summary>
public sealed class SignInTests
{
    [Fact]
    public async Task An_invited_person_signs_in_and_out()
    {
        using var folder = new TestFolder();
        await using var node = await EntrepotProcess.StartAsync(folder["node"], "serve", "--roles", "origin");
        var state = folder["state"];
        (await node.CommandAsync("whoami")).ShouldSucceed().Output.ShouldStartWith("operator (");

        var invitation = (await node.CommandAsync("user", "invite", "jane", "--role", "auditor")).ShouldSucceed().Output.Trim();
        var jane = await Colleague.JoinAsync(node, state, invitation);

        (await Colleague.ConverseAsync(node, state, ["sign-in", "jane"], (prompt, _) => prompt == "Password" ? Colleague.Password : jane.Recovery)).ShouldContain("Signed in as 'jane' (auditor)");
        (await Command.RunAsync("stat", "-c", "%a", Path.Combine(state, "entrepot", "sessions.json"))).Output.Trim().ShouldBe("600");
        (await jane.RunAsync(node, "whoami")).ShouldSucceed().Output.ShouldBe("user:jane (auditor)\n");
        (await jane.RunAsync(node, "audit", "log")).ShouldSucceed().Output.ShouldContain("user:jane");
        (await jane.RunAsync(node, "mirror", "create", "images")).ExitCode.ShouldNotBe(0);

        (await jane.RunAsync(node, "sign-out")).ShouldSucceed();
        (await jane.RunAsync(node, "whoami")).ShouldSucceed().Output.ShouldStartWith("operator (");
        (await node.CommandAsync("user", "list")).ShouldSucceed().Output.ShouldContain("jane");
        // What was typed is in no file of the node.
        foreach (var file in Directory.EnumerateFiles(folder["node"], "*", SearchOption.AllDirectories).Where(static file => Path.GetFileName(file).StartsWith("state.db", StringComparison.Ordinal)))
            Encoding.Latin1.GetString(await ReadSharedAsync(file)).ShouldNotContain(Colleague.Password);
        node.Output.ShouldNotContain(Colleague.Password);
        node.Output.ShouldNotContain(invitation);
    }

    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes);
        return bytes;
    }
}
