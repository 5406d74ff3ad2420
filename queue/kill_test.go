package queue

const childDir = "SETTLED_QUEUE_TEST_CHILD"

func child(string) {}
