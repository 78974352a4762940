package login

import (
	"encoding/binary"
	"net"
	"reflect"
	"time"
	"unsafe"

	"golang.org/x/crypto/ssh"
)

const (
	msgDisconnect = 1
	// disconnectByApplication is SSH_DISCONNECT_BY_APPLICATION of RFC 4253, section 11.1.
	disconnectByApplication = 11
	// disconnectGrace limits the write to a client that reads nothing.
	disconnectGrace = time.Second
)

// writePacket is the library's own method. Its interface (golang.org/x/crypto 0.58) sends no
// disconnect message after the login, and without its text a client ends with "Connection closed".
//
//go:linkname writePacket golang.org/x/crypto/ssh.(*handshakeTransport).writePacket
func writePacket(transport unsafe.Pointer, packet []byte) error

// disconnect closes the connection with a text that OpenSSH's client shows to its user.
func disconnect(conn *ssh.ServerConn, raw net.Conn, reason string) {
	_ = raw.SetWriteDeadline(time.Now().Add(disconnectGrace))
	if transport := transportOf(conn); transport != nil {
		_ = writePacket(transport, disconnectMessage(reason))
	}
	conn.Close()
}

// transportOf returns nil if a later version of the library has another structure.
func transportOf(conn *ssh.ServerConn) unsafe.Pointer {
	inner := reflect.ValueOf(conn.Conn)
	if inner.Kind() != reflect.Pointer || inner.Elem().Kind() != reflect.Struct {
		return nil
	}
	field := inner.Elem().FieldByName("transport")
	if !field.IsValid() || field.Kind() != reflect.Interface {
		return nil
	}
	transport := field.Elem()
	if transport.Type().String() != "*ssh.handshakeTransport" {
		return nil
	}
	return transport.UnsafePointer()
}

func disconnectMessage(reason string) []byte {
	message := []byte{msgDisconnect}
	message = binary.BigEndian.AppendUint32(message, disconnectByApplication)
	message = binary.BigEndian.AppendUint32(message, uint32(len(reason)))
	message = append(message, reason...)
	return binary.BigEndian.AppendUint32(message, 0)
}
