using System.CommandLine;
using System.Runtime.CompilerServices;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Kernel;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Agent;
using Entrepot.Server.Api;
using Entrepot.Server.Audit;

namespace Entrepot.Cli.Audit;

/// <summary>Whose journal: that of the running node, that of this machine's agent, or that in a folder.</summary>
internal sealed class AuditSource
{
    private const string StateFile = "state.db";

    private readonly Option<bool> _agent = new("--agent") { Description = "The journal of this machine's agent instead of the node's" };
    private readonly Option<string?> _socket = AgentOptions.Socket();
    private readonly Option<string?> _key = new("--sealing-key") { Description = "Key file of a journal in a folder [default: FOLDER/trust/sealing.key]", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        command.Add(_agent);
        command.Add(_socket);
        command.Add(_key);
    }

    /// <summary>Reads a page.</summary>
    /// <param name="context">The run.</param>
    /// <param name="folder">The folder, or empty for what runs.</param>
    /// <param name="query">What is asked for.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<IReadOnlyList<JournalEntryDocument>> ReadAsync(CommandContext context, string folder, JournalQuery query, CancellationToken cancellation)
    {
        if (folder.Length > 0)
        {
            var file = FileIn(folder);
            using var key = KeyOf(context, file) ?? throw Fault.Of(
                SecretFault.Unreadable, FaultKind.NotFound, $"'{KeyFileOf(context, file)}' is not there, and what the journal tells is sealed by that key.",
                "Name the file with --sealing-key. 'entrepot audit verify' proves hashes and signatures without it.").ToException();
            await using var state = StateDatabase.OpenExisting(file, key);
            using var audit = new AuditService(state, context.Environment.Time);
            return await audit.ReadAsync(query, $"operator@uid:{PosixProcess.UserId}", cancellation);
        }

        if (context.Get(_agent))
        {
            using var agent = new AgentClient(context.SocketPath(_socket));
            return await agent.ReadJournalAsync(query, cancellation);
        }

        var client = await context.ConnectAsync(cancellation);
        return await client.ReadJournalAsync(query, cancellation);
    }

    /// <summary>Proves the journal of what runs; the last step has the result.</summary>
    public async IAsyncEnumerable<AuditProgress> VerifyAsync(CommandContext context, AuditRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (context.Get(_agent))
        {
            using var agent = new AgentClient(context.SocketPath(_socket));
            await foreach (var step in agent.VerifyJournalAsync(request, cancellation))
                yield return step;
            yield break;
        }

        var client = await context.ConnectAsync(cancellation);
        await foreach (var step in client.VerifyJournalAsync(request, cancellation))
            yield return step;
    }

    /// <summary>Proves the journal in a folder without changing it: also what entries tell, where the key is there.</summary>
    public JournalVerification VerifyFolder(
        CommandContext context, string folder, JournalWitness witness, IProgress<JournalProgress> progress, CancellationToken cancellation)
    {
        var file = FileIn(folder);
        using var key = KeyOf(context, file);
        return JournalVerifier.Verify(file, key, witness, progress, cancellation);
    }

    private static string FileIn(string folder)
    {
        var file = Path.Combine(Path.GetFullPath(folder), StateFile);
        return File.Exists(file) ? file : throw Fault.Of(
            JournalFault.Missing, FaultKind.NotFound, $"'{folder}' holds no {StateFile}.", "Name the data folder of a node, or its folder 'agent'.").ToException();
    }

    private string KeyFileOf(CommandContext context, string file) => context.Get(_key) ?? StateDatabase.UsualKeyFile(file);

    private SealingKey? KeyOf(CommandContext context, string file)
        => KeyFileOf(context, file) is var path && File.Exists(path) ? SealingKey.OpenOrCreate(path) : null;
}
