using System.Globalization;
using Entrepot.Ports.Inventory;

namespace Entrepot.Ports.Guard;

/// <summary>Tells owners from strangers. Pure. Sockets are judged one by one, so that a stranger who shares a port with its owner
/// (<c>SO_REUSEPORT</c> under the same user, or <c>SO_REUSEADDR</c> on UDP under any) is found beside it.</summary>
public static class OwnerCheck
{
    /// <summary>Judges every socket on a port.</summary>
    /// <param name="port">The port and who may have it.</param>
    /// <param name="sockets">The host's sockets, with owners; those of other ports, connections and other network namespaces are left out.</param>
    public static OwnerReport Judge(GuardedPort port, IEnumerable<ListeningSocket> sockets)
    {
        var strangers = new List<Stranger>();
        var unclear = new List<ListeningSocket>();
        var present = false;
        foreach (var socket in sockets)
        {
            // A UDP socket with a peer is a client's, which the kernel may well have given the number.
            if (socket.Port != port.Port || socket.Protocol != port.Protocol || !socket.Listening || socket.Peer is not null || socket.Namespace is not null)
                continue;
            var (verdict, reason) = Judge(port.Owner, socket);
            if (verdict is null)
                unclear.Add(socket);
            else if (verdict.Value)
                present = true;
            else
                strangers.Add(new Stranger(socket, $"{port.Name} of '{port.Service}' {reason}"));
        }

        return new OwnerReport(strangers, present, unclear);
    }

    /// <summary>Judges one socket, whatever its port.</summary>
    /// <returns>Null where it can't be told, because this user may not look into its process.</returns>
    public static bool? IsOwner(ExpectedOwner expected, ListeningSocket socket) => Judge(expected, socket).IsOwner;

    private static (bool? IsOwner, string Reason) Judge(ExpectedOwner expected, ListeningSocket socket)
    {
        if (expected is { ProcessId: null, Process: null })
            return (true, "");
        if (socket.Owner is null)
        {
            // The kernel tells the user of a socket to everybody, its process only to those who may look.
            return expected.Process?.User is { } user && IsNumber(user, out var number) && socket.UserId is { } actual && actual != number
                ? (false, string.Create(CultureInfo.InvariantCulture, $"is held by user {actual}; expected is {expected}."))
                : (null, "");
        }

        // A socket that was handed down, as a server's to its workers, belongs to whoever of them is the owner.
        return socket.Owners.Any(owner => Matches(expected, owner))
            ? (true, "")
            : (false, $"is held by {Describe(socket.Owner, expected)}; expected is {expected}.");
    }

    private static bool Matches(ExpectedOwner expected, SocketOwner owner)
        => (expected.ProcessId is not { } id || owner.ProcessId == id)
            && (expected.Process is not { } process
                || ((process.User is not { } user || IsUser(user, owner))
                    && (process.Executable is not { } executable || owner.Path == executable)
                    && (process.Unit is not { } unit || owner.Unit == unit)));

    private static bool IsUser(string user, SocketOwner owner)
        => IsNumber(user, out var number) ? owner.UserId == number : owner.User == user;

    private static bool IsNumber(string text, out int number)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static string Describe(SocketOwner owner, ExpectedOwner expected)
    {
        // The whole path only where it is what differs.
        var path = expected.Process?.Executable is { } executable && executable != owner.Path ? owner.Path : null;
        var parts = new[] { owner.User is { } user ? $"user {user}" : null, path, owner.Unit, owner.Container?.ToString() }.Where(static part => part is not null);
        var more = string.Join(", ", parts);
        return more.Length == 0 ? owner.ToString() : $"{owner} of {more}";
    }
}
