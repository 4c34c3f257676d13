namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>Why a comparison of rules was not carried through.</summary>
public enum ProofFault
{
    /// <summary>The rules differ from packet to packet in too many ways for the memory set aside.</summary>
    TooLarge,
}
