using Microsoft.Data.Sqlite;

namespace Entrepot.SystemTests.Audit;

/// <summary>The journal as an operator, an intruder and an auditor meet it.</summary>
public sealed class AuditCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_a_node_did_is_read_proven_exported_and_proven_without_the_product()
    {
        Command.Require("python3");
        Command.Require("openssl");
        string data;
        await using (var node = await EntrepotProcess.StartAsync(_folder["node"], "serve", "--roles", "origin"))
        {
            data = node.Data;
            (await node.CommandAsync("mirror", "create", "files")).ShouldSucceed();
            (await node.CommandAsync("audit", "log", "--since", "1h", "--action", "mirror")).ShouldSucceed().Output.ShouldContain("mirror.create");
            (await node.CommandAsync("audit", "log")).ShouldSucceed().Output.ShouldContain("journal.read");
            (await node.CommandAsync("audit", "verify")).ShouldSucceed().Output.ShouldContain("Proven: ");
            await File.WriteAllTextAsync(_folder["key.pem"], (await node.CommandAsync("audit", "checkpoint", "--key")).ShouldSucceed().Output);
            await File.WriteAllTextAsync(_folder["kept"], (await node.CommandAsync("audit", "checkpoint")).ShouldSucceed().Output);
            (await node.CommandAsync("audit", "export", _folder["journal.jsonl"])).ShouldSucceed();
        }

        (await EntrepotProcess.RunAsync("audit", "verify", _folder["journal.jsonl"], "--key", _folder["key.pem"], "--checkpoint", _folder["kept"])).ShouldSucceed();
        (await VerifyAloneAsync("journal.jsonl")).ShouldSucceed().Output.ShouldStartWith("proven: entries 1-");

        var lines = await File.ReadAllLinesAsync(_folder["journal.jsonl"]);
        await TamperedAsync("a word", [.. lines.Select(static (line, index) => index == 2 ? line.Replace("system:", "nobody:", StringComparison.Ordinal).Replace("node:", "nobody:", StringComparison.Ordinal).Replace("operator", "nobody", StringComparison.Ordinal) : line)]);
        await TamperedAsync("an entry gone", [.. lines.Where(static (_, index) => index != 3)]);
        await TamperedAsync("two in each other's place", [.. lines[..2], lines[3], lines[2], .. lines[4..]]);
        await TamperedAsync("the end gone", lines[..^2]);
        await TamperedAsync("the checkpoint gone", [.. lines.Where(static line => !line.Contains("\"line\":\"checkpoint\"", StringComparison.Ordinal))]);
        await TamperedAsync("a second value", [lines[0], lines[1].Replace("\"event\":{", "\"event\":{\"action\":\"thing.else\",", StringComparison.Ordinal), .. lines[2..]]);

        // The node is down: the folder itself, whole and then tampered with.
        (await EntrepotProcess.RunAsync("audit", "verify", data, "--checkpoint", _folder["kept"])).ShouldSucceed();
        (await EntrepotProcess.RunAsync("audit", "log", data, "--who", "operator")).ShouldSucceed().Output.ShouldContain("mirror.create");
        Tamper(data, "DROP TRIGGER journal_is_append_only_update; UPDATE journal SET action = 'mirror.keep' WHERE action = 'mirror.create'");
        var broken = await EntrepotProcess.RunAsync("audit", "verify", data);
        broken.ExitCode.ShouldBe(1);
        broken.Output.ShouldContain("NOT PROVEN: Entry ");
        Tamper(data, "DROP TRIGGER journal_is_append_only_delete; DROP TRIGGER journal_checkpoints_are_kept_delete; DELETE FROM journal; DELETE FROM journal_checkpoints");
        (await EntrepotProcess.RunAsync("audit", "verify", data, "--checkpoint", _folder["kept"])).ExitCode.ShouldBe(1);
    }

    private async Task TamperedAsync(string what, string[] lines)
    {
        await File.WriteAllLinesAsync(_folder["tampered.jsonl"], lines);
        var alone = await VerifyAloneAsync("tampered.jsonl");
        alone.ExitCode.ShouldBe(1, what);
        alone.Output.ShouldStartWith("NOT PROVEN: ", customMessage: what);
        (await EntrepotProcess.RunAsync("audit", "verify", _folder["tampered.jsonl"])).ExitCode.ShouldBe(1, what);
    }

    private Task<CommandResult> VerifyAloneAsync(string name) => Command.RunAsync("python3", Tool(), _folder[name], _folder["key.pem"]);

    private static void Tamper(string data, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(data, "state.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts stand above.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private static string Tool()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "tools", "journal-verify.py")))
                return Path.Combine(folder.FullName, "tools", "journal-verify.py");
        }

        throw new FileNotFoundException("tools/journal-verify.py");
    }
}
