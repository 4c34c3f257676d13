using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Core.Secrets;

namespace Entrepot.Cli.Accounts;

/// <summary>A session that somebody began here.</summary>
/// <param name="Server">The metadata surface that it was begun at.</param>
/// <param name="Session">What to send.</param>
/// <param name="Ends">When it ends at the latest, UTC.</param>
internal sealed record KeptSession(string Server, string Session, DateTimeOffset Ends);

/// <summary>The sessions of this user, in a file that is its owner's alone; one for each network.</summary>
/// <param name="folder">Where commands remember between runs.</param>
/// <param name="time">The clock.</param>
internal sealed class SessionFile(string folder, TimeProvider time)
{
    private string FilePath => Path.Combine(folder, "sessions.json");

    /// <summary>The session for a metadata surface; null when there is none, or it has ended.</summary>
    public string? Find(Uri server) => Read().FirstOrDefault(kept => kept.Server == Key(server))?.Session;

    /// <summary>Keeps a session in the place of the one before.</summary>
    public void Keep(Uri server, string session, DateTimeOffset ends) => Write([.. Others(server), new KeptSession(Key(server), session, ends)]);

    /// <summary>Forgets the session for a metadata surface.</summary>
    public void Forget(Uri server) => Write([.. Others(server)]);

    private static string Key(Uri server) => server.GetLeftPart(UriPartial.Authority);

    private IEnumerable<KeptSession> Others(Uri server) => Read().Where(kept => kept.Server != Key(server));

    private List<KeptSession> Read()
    {
        if (SecretFile.Read(FilePath) is not { } bytes)
            return [];
        try
        {
            return [.. (JsonSerializer.Deserialize(bytes, SessionFileJson.Default.ListKeptSession) ?? []).Where(kept => kept.Ends > time.GetUtcNow())];
        }
        catch (JsonException)
        {
            // Not worth more than signing in again.
            return [];
        }
    }

    private void Write(List<KeptSession> sessions)
    {
        try
        {
            DurableFolder.Create(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(CliFault.Usage, FaultKind.Unavailable, $"'{folder}' can't be made: {error.Message}", "Name another folder with XDG_STATE_HOME.").ToException(error);
        }

        SecretFile.Write(FilePath, JsonSerializer.SerializeToUtf8Bytes(sessions, SessionFileJson.Default.ListKeptSession));
    }
}

[JsonSerializable(typeof(List<KeptSession>))]
internal sealed partial class SessionFileJson : JsonSerializerContext;
