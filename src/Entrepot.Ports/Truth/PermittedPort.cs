using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Truth;

/// <summary>What the packet filter does with packets from outside to a port.</summary>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">1–65535.</param>
/// <param name="Permitted">Compared with the declaration.</param>
/// <param name="Detail">Who gets in, in a few words.</param>
public sealed record PermittedPort(PortProtocol Protocol, int Port, Permitted Permitted, string Detail);
