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

    [Fact]
    public async Task A_session_that_is_over_keeps_nobody_from_signing_in_or_out()
    {
        using var folder = new TestFolder();
        await using var node = await EntrepotProcess.StartWithAsync(EntrepotProcess.AnyPorts.Replace("metadata: {port: 0}", "metadata: {port: 0, public: false}", StringComparison.Ordinal), folder["node"], "serve", "--roles", "origin");
        var state = folder["state"];
        var jane = await Colleague.JoinAsync(node, state, (await node.CommandAsync("user", "invite", "jane", "--role", "auditor")).ShouldSucceed().Output.Trim());
        // Named by its address, the surface tells nobody of its network; signing in is for everybody all the same.
        string[] signIn = ["sign-in", "jane", "--server", node.Url("metadata").GetLeftPart(UriPartial.Authority)];
        await SignInAsync();

        await EndSessionsAsync();
        var over = await jane.RunAsync(node, "whoami");
        over.ExitCode.ShouldBe(9);
        over.Error.ShouldContain("This session has ended");
        await SignInAsync();
        (await jane.RunAsync(node, "whoami")).ShouldSucceed().Output.ShouldBe("user:jane (auditor)\n");

        await EndSessionsAsync();
        (await jane.RunAsync(node, "sign-out")).ShouldSucceed().Output.ShouldBe("Signed out.\n");
        (await jane.RunAsync(node, "sign-out")).ShouldSucceed().Output.ShouldBe("Nobody was signed in.\n");
        (await jane.RunAsync(node, "whoami")).ShouldSucceed().Output.ShouldStartWith("operator (");

        async Task SignInAsync() => (await Colleague.ConverseAsync(node, state, signIn, (prompt, _) => prompt == "Password" ? Colleague.Password : jane.Recovery)).ShouldContain("Signed in as 'jane'");

        async Task EndSessionsAsync()
        {
            (await node.CommandAsync("user", "disable", "jane")).ShouldSucceed();
            (await node.CommandAsync("user", "enable", "jane")).ShouldSucceed();
        }
    }

    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes);
        return bytes;
    }
}
