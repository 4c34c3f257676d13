using System.Buffers;
using System.Net.Sockets;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Ports.Inventory;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace Entrepot.Server.RemoteHosts;

/// <summary>How a host is logged in to.</summary>
public sealed record SshOptions
{
    private static readonly string[] UsualKeys = ["id_ed25519", "id_ecdsa", "id_rsa"];

    /// <summary>Files with private keys without a passphrase; those that are missing are left out.</summary>
    public IReadOnlyList<string> KeyFiles { get; init; } = [];

    /// <summary>The file of known hosts.</summary>
    public required string KnownHostsFile { get; init; }

    /// <summary>How long everything may take.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The usual files of a user's home folder.</summary>
    public static SshOptions OfHome(string home) => new()
    {
        KeyFiles = [.. UsualKeys.Select(name => Path.Combine(home, ".ssh", name))],
        KnownHostsFile = Path.Combine(home, ".ssh", "known_hosts"),
    };
}

/// <summary>Asks a host without an agent what listens there: logs in by SSH and reads the output of <c>ss</c>. Nothing is installed,
/// written or changed there. Owners of other users' sockets are seen when the login may see them.</summary>
public static class SshHost
{
    /// <summary>Most characters of output: some 100,000 sockets.</summary>
    private const int MaxOutput = 32 << 20;

    /// <summary>Asks once.</summary>
    /// <exception cref="FaultException"><see cref="RemoteHostFault"/>.</exception>
    public static async Task<IReadOnlyList<ListeningSocket>> ListenersAsync(SshAddress address, SshOptions options, CancellationToken cancellation)
    {
        var known = Known(options.KnownHostsFile);
        var types = known.TypesOf(address.KnownName);
        if (types.Count == 0)
            throw HostKey(address, HostTrust.Unknown, options);
        using var keys = new KeyFiles(options.KeyFiles);
        if (keys.Files.Count == 0)
            throw Fault.Of(
                RemoteHostFault.Login, FaultKind.Invalid, $"There is no private key to log in to {address}: none of {string.Join(", ", options.KeyFiles)} can be used.",
                "Name one with --key; it must have no passphrase, as nobody is asked for it.").ToException();

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.Deadline);
        var connection = new ConnectionInfo(address.Host, address.Port, address.User, new PrivateKeyAuthenticationMethod(address.User, [.. keys.Files])) { Timeout = options.Deadline };
        OnlyTypes(connection, types);
        using var client = new SshClient(connection);
        var trust = HostTrust.Unknown;
        client.HostKeyReceived += (_, received) => received.CanTrust = (trust = known.Judge(address.KnownName, received.HostKey)) == HostTrust.Trusted;
        try
        {
            await client.ConnectAsync(deadline.Token);
            return SsOutput.Parse(await RunAsync(client, address, deadline.Token));
        }
        catch (SshAuthenticationException error)
        {
            throw Fault.Of(
                RemoteHostFault.Login, FaultKind.Forbidden, $"{address} refuses the login: {error.Message}",
                $"Add the public key to ~{address.User}/.ssh/authorized_keys there.").ToException(error);
        }
        catch (SshConnectionException) when (trust is HostTrust.Changed or HostTrust.Revoked)
        {
            throw HostKey(address, trust, options);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable(address, $"it did not answer within {options.Deadline.TotalSeconds:0} s", null);
        }
        catch (Exception error) when (error is SshException or SocketException or IOException or ObjectDisposedException)
        {
            throw Unreachable(address, error.Message, error);
        }
    }

    private static async Task<string> RunAsync(SshClient client, SshAddress address, CancellationToken cancellation)
    {
        // Administrators' programs are not on every user's path.
        using var command = client.CreateCommand("PATH=$PATH:/usr/sbin:/sbin LC_ALL=C " + SsOutput.Command);
        var end = command.ExecuteAsync(cancellation);
        var text = new StringBuilder();
        var block = ArrayPool<byte>.Shared.Rent(64 << 10);
        var decoder = Encoding.UTF8.GetDecoder();
        var characters = new char[Encoding.UTF8.GetMaxCharCount(block.Length)];
        try
        {
            int read;
            while ((read = await command.OutputStream.ReadAsync(block, cancellation)) > 0 && text.Length < MaxOutput)
                text.Append(characters, 0, decoder.GetChars(block, 0, read, characters, 0));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        await end;
        return command.ExitStatus == 0
            ? text.ToString()
            : throw Fault.Of(
                RemoteHostFault.Answer, FaultKind.Unavailable, $"{address} could not run '{SsOutput.Command}': {command.Error.Trim()}", "Install iproute2 there.").ToException();
    }

    private static KnownHosts Known(string file)
    {
        try
        {
            return KnownHosts.Parse(File.ReadAllText(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return KnownHosts.Parse("");
        }
    }

    /// <summary>Leaves out the host keys that could not be checked, so that the host shows one that can.</summary>
    private static void OnlyTypes(ConnectionInfo connection, IReadOnlySet<string> types)
    {
        foreach (var name in connection.HostKeyAlgorithms.Keys.ToList())
        {
            // RSA keys have one type and several signatures (RFC 8332).
            var type = name.StartsWith("rsa-sha2-", StringComparison.Ordinal) ? "ssh-rsa" : name;
            if (!types.Contains(type))
                connection.HostKeyAlgorithms.Remove(name);
        }
    }

    private static FaultException HostKey(SshAddress address, HostTrust trust, SshOptions options) => Fault.Of(
        RemoteHostFault.HostKey, FaultKind.Forbidden,
        trust switch
        {
            HostTrust.Changed => $"The key of {address} is not the one in {options.KnownHostsFile}: it may be another machine.",
            HostTrust.Revoked => $"The key of {address} is revoked in {options.KnownHostsFile}.",
            _ => $"The key of {address} is not in {options.KnownHostsFile}, so it can't be told from an impostor.",
        },
        $"Compare its fingerprint by another way, then 'ssh {address.User}@{address.Host}' once, or name the file with --known-hosts.").ToException();

    private static FaultException Unreachable(SshAddress address, string why, Exception? cause) => Fault.Of(
        RemoteHostFault.Unreachable, FaultKind.Unavailable, $"{address} can't be asked: {why}", "Check that it runs an SSH server there, and the way to it.").ToException(cause);

    /// <summary>The private keys that can be read.</summary>
    private sealed class KeyFiles : IDisposable
    {
        public KeyFiles(IEnumerable<string> files)
        {
            foreach (var file in files.Where(File.Exists))
            {
                try
                {
                    Files.Add(new PrivateKeyFile(file));
                }
                catch (Exception error) when (error is SshException or IOException or UnauthorizedAccessException or InvalidOperationException)
                {
                    // Wants a passphrase, or is no key; another may do.
                }
            }
        }

        public List<PrivateKeyFile> Files { get; } = [];

        public void Dispose() => Files.ForEach(static file => file.Dispose());
    }
}
