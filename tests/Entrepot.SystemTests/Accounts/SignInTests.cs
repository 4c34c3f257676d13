using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Entrepot.Trust.Accounts;
using OtpNet;

namespace Entrepot.SystemTests.Accounts;

/// <summary>An invited person at the command line: sets up password and app, signs in, is somebody, signs out.</summary>
public sealed class SignInTests
{
    private const string Password = "orange bicycle thunder";

    [Fact]
    public async Task An_invited_person_signs_in_and_out()
    {
        using var folder = new TestFolder();
        await using var node = await EntrepotProcess.StartAsync(folder["node"], "serve", "--roles", "origin");
        var state = folder["state"];
        (await node.CommandAsync("whoami")).ShouldSucceed().Output.ShouldStartWith("operator (");

        var invitation = (await node.CommandAsync("user", "invite", "jane", "--role", "auditor")).ShouldSucceed().Output.Trim();
        var accepted = await ConverseAsync(node, state, ["sign-in", "--invitation"], (prompt, seen) => prompt switch
        {
            "Invitation" => invitation,
            "Code that the app shows now" => CodeOf(seen),
            _ => Password,
        });
        accepted.ShouldContain("'jane' is set up.");
        var recovery = Regex.Matches(accepted, "^  ([0-9a-z-]{19})$", RegexOptions.Multiline);
        recovery.Count.ShouldBe(OneTimeText.RecoveryCodes);

        (await ConverseAsync(node, state, ["sign-in", "jane"], (prompt, _) => prompt == "Password" ? Password : recovery[0].Groups[1].Value)).ShouldContain("Signed in as 'jane' (auditor)");
        (await Command.RunAsync("stat", "-c", "%a", Path.Combine(state, "entrepot", "sessions.json"))).Output.Trim().ShouldBe("600");
        (await RunAsync(node, state, "whoami")).ShouldSucceed().Output.ShouldBe("user:jane (auditor)\n");
        (await RunAsync(node, state, "audit", "log")).ShouldSucceed().Output.ShouldContain("user:jane");
        (await RunAsync(node, state, "mirror", "create", "images")).ExitCode.ShouldNotBe(0);

        (await RunAsync(node, state, "sign-out")).ShouldSucceed();
        (await RunAsync(node, state, "whoami")).ShouldSucceed().Output.ShouldStartWith("operator (");
        (await node.CommandAsync("user", "list")).ShouldSucceed().Output.ShouldContain("jane");
        // What was typed is in no file of the node.
        foreach (var file in Directory.EnumerateFiles(folder["node"], "*", SearchOption.AllDirectories).Where(static file => Path.GetFileName(file).StartsWith("state.db", StringComparison.Ordinal)))
            Encoding.Latin1.GetString(await ReadSharedAsync(file)).ShouldNotContain(Password);
        node.Output.ShouldNotContain(Password);
        node.Output.ShouldNotContain(invitation);
    }

    private static string CodeOf(string seen)
        => new Totp(Base32Encoding.ToBytes(Regex.Match(seen, "secret=([A-Z2-7]+)").Groups[1].Value)).ComputeTotp();

    private static Task<CommandResult> RunAsync(EntrepotProcess node, string state, params string[] arguments)
        => Command.RunAsync("env", [$"XDG_STATE_HOME={state}", EntrepotProcess.Program, .. arguments, "--data", node.Data]);

    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes);
        return bytes;
    }

    /// <summary>Runs a command and answers its questions, which end with a colon.</summary>
    private static async Task<string> ConverseAsync(EntrepotProcess node, string state, string[] arguments, Func<string, string, string> answer)
    {
        var start = new ProcessStartInfo(EntrepotProcess.Program, [.. arguments, "--data", node.Data])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["XDG_STATE_HOME"] = state;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var seen = new StringBuilder();
        var line = new StringBuilder();
        var letter = new char[1];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await process.StandardError.ReadAsync(letter, deadline.Token) > 0)
        {
            seen.Append(letter[0]);
            if (letter[0] == '\n')
                line.Clear();
            else
                line.Append(letter[0]);
            if (letter[0] == ' ' && line.ToString() is [.. var prompt, ':', ' '] && !prompt.StartsWith("entrepot", StringComparison.Ordinal))
                await process.StandardInput.WriteLineAsync(answer(prompt, seen.ToString()));
        }

        await process.WaitForExitAsync(deadline.Token);
        process.ExitCode.ShouldBe(0, seen.ToString());
        return await output;
    }
}
