using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Declarations;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Changes;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Changes;

/// <summary>The portfile that was approved last. It is kept in the state, so that whoever edits the file changes nothing but the file: that is told
/// once for every content, and stays to be seen until the file is right again.</summary>
internal sealed class AcceptedPortfile
{
    private readonly ChangeBook _book;
    private readonly StateDatabase _state;
    private readonly ILogger _logger;
    private AcceptedDocument _current;
    private (DateTime Written, long Length) _stamp = (default, -1);
    private Sha256Digest _compared;
    private Sha256Digest? _told;
    private string? _stray;

    private AcceptedPortfile(ChangeBook book, StateDatabase state, string path, AcceptedDocument current, ILogger logger)
        => (_book, _state, Path, _current, _logger) = (book, state, path, current, logger);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The portfile in force.</summary>
    public AcceptedDocument Current => Volatile.Read(ref _current);

    /// <summary>What is wrong with the file, as a sentence; null while it is what was approved.</summary>
    public string? Stray => Volatile.Read(ref _stray);

    /// <summary>Opens it. The first time, the file as it is counts as approved, and that is journalled.</summary>
    /// <exception cref="FaultException">There is no such file, or it holds errors, the first time.</exception>
    public static async Task<AcceptedPortfile> OpenAsync(ChangeBook book, StateDatabase state, string path, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        if (book.Accepted(ChangedDocument.Portfile) is not { } accepted)
        {
            // For its words about files that can't be read.
            PortfileReader.ReadText(path);
            var bytes = await File.ReadAllBytesAsync(path, cancellation);
            PortfileReader.Read(DocumentBytes.Text(bytes, path), path, time.GetUtcNow()).Require();
            await book.AcceptAsync(ChangedDocument.Portfile, bytes, "system:changes", cancellation);
            accepted = book.Accepted(ChangedDocument.Portfile)!;
            Log.BaseTaken(logger, path, accepted.Digest);
        }

        return new AcceptedPortfile(book, state, path, accepted, logger);
    }

    /// <summary>Follows the state after a change was decided.</summary>
    public void Refresh() => Volatile.Write(ref _current, _book.Accepted(ChangedDocument.Portfile)!);

    /// <summary>Compares the file with what was approved, when either has changed.</summary>
    public async Task WatchAsync(CancellationToken cancellation)
    {
        var file = new FileInfo(Path);
        var stamp = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
        var accepted = Current;
        if (stamp == _stamp && accepted.Digest == _compared)
            return;
        var (found, fault) = file.Exists ? await DigestAsync(cancellation) : (null, "is gone");
        // A change that is being applied has not reached the file yet.
        if (found != accepted.Digest && _book.Pending().Any(static change => change is { Document: ChangedDocument.Portfile, State: ChangeState.Applying }))
            return;
        (_stamp, _compared) = (stamp, accepted.Digest);
        if (found == accepted.Digest)
        {
            (_told, _stray) = (null, null);
            return;
        }

        var text = found is { } digest
            ? $"'{Path}' was changed on disk without an approved change ({digest}) and is not in force; {accepted.Digest} is."
            : $"'{Path}' {fault}; what was approved, {accepted.Digest}, stays in force.";
        Volatile.Write(ref _stray, text);
        if (_told == (found ?? default(Sha256Digest)))
            return;
        _told = found ?? default(Sha256Digest);
        Log.Unapproved(_logger, text);
        await _state.WriteAsync(
            transaction => JournalTable.Append(
                transaction,
                new JournalEntry(_book.Now, "system:changes", "portfile.refuse", Path, JournalDetails.Of(("found", found?.ToString()), ("inForce", accepted.Digest.ToString()))) { Result = JournalResult.Refused }),
            cancellation);
    }

    private async Task<(Sha256Digest? Found, string? Fault)> DigestAsync(CancellationToken cancellation)
    {
        try
        {
            await using var stream = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return (new Sha256Digest(await SHA256.HashDataAsync(stream, cancellation)), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, $"can't be read ({error.Message})");
        }
    }
}
